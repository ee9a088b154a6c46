"""`atmpxb up` as a newcomer and as a power cut meet it: one installation, driven from outside."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atmpxb.platform.connection import VARIABLES
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.platform.processes import alive, wait_until
from atmpxb.platform.supervisor import tail

ATMPXB = [sys.executable, "-m", "atmpxb.platform.cli"]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Installation:
    """A running `up` and what one sees of it."""

    def __init__(self, home: Home, port: int) -> None:
        self.home, self.port = home, port
        environment = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
        command = [*ATMPXB, "--home", str(home.root), "up", "--no-demo", "--port", str(port)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def wait_until_ready(self) -> float:
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if found := re.search(r"ready after ([\d.]+) s", line):
                return float(found[1])
        pytest.fail("up ended before it was ready:\n" + "".join(seen))

    def said(self) -> str:
        """What it printed since it was ready."""
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout.read() or ""

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def children(self) -> dict[str, int]:
        """Its parts by name; the leader of each."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                status = (entry / "status").read_text()
                command = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if f"\nPPid:\t{self.process.pid}\n" in status:
                for name in ("postgres", "granian", "signer", "worker"):
                    if any(Path(word).name == name for word in command):
                        found[name] = int(entry.name)
        return found

    def descendants(self) -> list[int]:
        leaders = set(self.children().values())
        everyone = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(entry.name)) in leaders:
                    everyone.append(int(entry.name))
            except OSError:
                continue
        return everyone

    def end(self, order: signal.Signals, seconds: float) -> int:
        self.process.send_signal(order)
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.stdout:
                self.process.stdout.close()


def gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(alive(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_parts_come_back_a_power_cut_is_survived_and_ctrl_c_leaves_nothing(fresh_home: Home, port: int) -> None:
    up = Installation(fresh_home, port)
    up.wait_until_ready()
    parts = up.children()
    assert sorted(parts) == ["granian", "postgres", "signer", "worker"]

    # Each part in turn is killed, and comes back without the others being told.
    for name in ("worker", "signer", "granian", "postgres"):
        before = up.children()[name]
        os.kill(before, signal.SIGKILL)
        back = wait_until(lambda name=name, before=before: up.children().get(name) not in (None, before), 20)
        assert back, f"{name} did not come back:\n{up.said()}\n{tail(fresh_home.logs / 'postgresql.log')}"
    assert wait_until(up.answers, 20)

    # Two at once: the worker waits for the database of the supervisor, and starts none that would end with it.
    server = EmbeddedPostgres(fresh_home.data)
    before = up.children()
    for name in ("worker", "postgres"):
        os.kill(before[name], signal.SIGKILL)
    assert wait_until(lambda: {"worker", "postgres"} <= {n for n, i in up.children().items() if i != before.get(n)}, 30)
    assert wait_until(lambda: server.running() not in (None, before["postgres"]), 30)
    assert wait_until(lambda: server.running() == up.children().get("postgres"), 30), up.said()
    assert wait_until(up.answers, 20)

    # A second one on the same home says so instead of fighting over it.
    second = subprocess.run(
        [*ATMPXB, "--home", str(fresh_home.root), "up", "--port", str(port + 1)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert second.returncode == 1
    assert "already runs" in second.stderr

    # The supervisor itself is killed: nothing it leaves may block the next start, or say that pages are served.
    assert fresh_home.served_at() == f"http://127.0.0.1:{port}"
    up.end(signal.SIGKILL, 10)
    assert fresh_home.address.exists(), "nobody was there to take it away"
    assert fresh_home.served_at() == ""
    up = Installation(fresh_home, port)
    seconds = up.wait_until_ready()
    assert seconds < 20  # under 5 s on a quiet machine
    assert up.answers()

    everyone = up.descendants()
    assert len(everyone) >= 4
    began = time.monotonic()
    assert up.end(signal.SIGINT, 15) == 0
    assert time.monotonic() - began < 10
    assert wait_until(gone(everyone), 5)
    assert not up.answers()
    assert EmbeddedPostgres(fresh_home.data).running() is None


def test_a_port_in_use_is_named(fresh_home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [*ATMPXB, "--home", str(fresh_home.root), "up", "--port", str(port)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
    assert refused.returncode == 1
    assert f"Port {port} is in use" in refused.stderr
    assert not (fresh_home.data / "18").exists()


def test_an_external_server_without_the_role_of_migrations_is_refused_in_a_sentence(
    fresh_home: Home, port: int
) -> None:
    named = {"DATABASE_URL": "postgresql://atmpxb_app:secret@127.0.0.1:1/atmpxb"}
    others = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    refused = subprocess.run(
        [*ATMPXB, "--home", str(fresh_home.root), "up", "--port", str(port)],
        check=False, capture_output=True, text=True, env={**others, **named},
    )  # fmt: skip
    assert refused.returncode == 1
    assert "set DATABASE_OWNER_URL as well" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr
