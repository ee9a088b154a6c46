"""Starts the parts of an installation in order, restarts what dies, and stops them in the opposite order.

A part is anything with ``start``, ``alive`` and ``stop``. The supervisor has no thread and imports no
framework: it stays small, and its children die with it even when it is killed (``PR_SET_PDEATHSIG``). What
survives all the same carries a mark in its environment, and the next start removes it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Protocol

from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.logs import put_aside
from atmpxb.platform.processes import die_with_parent, wait_until

MARK = "ATMPXB_SUPERVISED"

_CALM = 60.0  # seconds: a part that ran this long before it died gets a fresh start at once
_LONGEST_PAUSE = 30.0


class PartFailed(RuntimeError):
    """A part did not become ready; the message holds the end of its log."""


class Part(Protocol):
    """Something the supervisor keeps running."""

    name: str

    def start(self) -> None:
        """Start and return when ready; raise when that fails."""

    def start_again(self) -> None:
        """Start after it died. Does not wait for what another part may have to do first: that one may be dead too."""

    def alive(self) -> bool: ...

    def order_stop(self) -> None:
        """Ask it to stop, without waiting."""

    def stop(self, seconds: float) -> None:
        """Wait for the end; after ``seconds`` enforce it."""


class Database:
    """The embedded PostgreSQL as a part; also adopts a server that an earlier, killed supervisor left."""

    name = "postgresql"

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self.embedded = embedded

    def start(self) -> None:
        self.embedded.start()

    def start_again(self) -> None:
        self.start()

    def alive(self) -> bool:
        process = self.embedded.process
        return process.poll() is None if process else self.embedded.running() is not None

    def order_stop(self) -> None:
        """Nothing ahead of time: the database is the last to go, when nobody needs it any more."""

    def stop(self, seconds: float) -> None:
        self.embedded.stop(attached=True, patience=seconds)


class Program:
    """A child process in a process group of its own, its output in a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        ready: Callable[[], bool] = lambda: True,
        patience: float = 60.0,
    ) -> None:
        self.name, self.command, self.log = name, list(command), log
        self.environment, self.ready, self.patience = dict(environment), ready, patience
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.start_again()
        if wait_until(lambda: not self.alive() or self.ready(), self.patience) and self.alive():
            return
        ended = self.process.poll() if self.process else None
        self.stop(1.0)
        state = "was not ready in time" if ended is None else f"ended with status {ended}"
        raise PartFailed(f"{self.name} {state}. The end of {self.log}:\n{tail(self.log)}")

    def start_again(self) -> None:
        if self.process:
            self._kill_group()  # workers that outlived their dead leader would keep its port
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                process_group=0,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def order_stop(self) -> None:
        if self.process and self.alive():
            self.process.terminate()

    def stop(self, seconds: float) -> None:
        self.order_stop()
        wait_until(lambda: not self.alive(), seconds)
        self._kill_group()

    def bound_log(self) -> None:
        """Keep the log from filling the disk."""
        put_aside(self.log)

    def _kill_group(self) -> None:
        """End the program and whatever it started; a group that is gone already is what we want."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Keeps parts running until it is told to stop (SIGINT, SIGTERM or :meth:`request_stop`)."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.parts: list[Part] = []
        self.stopping = False
        self._failures: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._not_before: dict[str, float] = {}

    def listen(self) -> None:
        """Have Ctrl-C and SIGTERM stop everything in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first, self.stopping = not self.stopping, True
        if first:
            raise Stopped

    def request_stop(self) -> None:
        self.stopping = True

    def add(self, part: Part) -> None:
        """Start a part and watch it from now on."""
        self.parts.append(part)
        part.start()
        self._since[part.name] = time.monotonic()

    def watch(self) -> None:
        """Restart what dies, until told to stop."""
        while not self.stopping:
            self.revive()
            for part in self.parts:
                if isinstance(part, Program):
                    part.bound_log()
            time.sleep(0.1)

    def revive(self) -> None:
        """Start each dead part again, after a pause that doubles with every failure in a row."""
        for part in self.parts:
            now = time.monotonic()
            if part.alive() or now < self._not_before.get(part.name, 0.0):
                continue
            if now - self._since.get(part.name, now) > _CALM:
                self._failures[part.name] = 0
            failures = self._failures[part.name] = self._failures.get(part.name, 0) + 1
            pause = min(0.25 * 2**failures, _LONGEST_PAUSE)
            self._not_before[part.name] = now + pause
            self.say(f"{part.name} ended; starting it again.")
            try:
                part.start_again()
            except (PartFailed, RuntimeError, OSError) as error:
                self.say(f"{part.name} does not start, next attempt in {pause:.0f} s: {error}")
            self._since[part.name] = time.monotonic()

    def stop(self) -> None:
        """Stop everything within ten seconds: whoever serves people first, the database last."""
        self.stopping = True
        ends = time.monotonic() + 5.0
        servants = [part for part in reversed(self.parts) if not isinstance(part, Database)]
        for part in servants:
            part.order_stop()
        for part in servants:
            part.stop(max(0.2, ends - time.monotonic()))
        for part in self.parts:
            if isinstance(part, Database):
                part.stop(3.0)


class Stopped(BaseException):
    """Raised in the main thread by the signal that stops everything, whatever it is waiting for."""


def clear_leftovers(mark: str) -> list[int]:
    """End processes of an earlier run that carry ``mark``; returns their ids (Linux.

    Elsewhere none is found).
    """
    found = []
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if pid == os.getpid() or wanted not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            os.kill(pid, signal.SIGKILL)
        except OSError:  # gone already, or not ours to look at
            continue
        found.append(pid)
    return found


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
