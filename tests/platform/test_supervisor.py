"""The supervisor: what dies comes back, what must stop stops, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atmpxb.platform.processes import alive, wait_until
from atmpxb.platform.supervisor import MARK, PartFailed, Program, Supervisor, clear_leftovers

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid, flush=True); time.sleep(60)",
]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    found = Supervisor(said.append)
    yield found
    found.stop()


def program(tmp_path: Path, command: list[str], **options: object) -> Program:
    return Program("part", command, log=tmp_path / "part.log", environment=dict(os.environ), **options)  # type: ignore[arg-type]


def pid_of(part: Program) -> int:
    assert part.process is not None
    return part.process.pid


def test_a_killed_part_is_started_again(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    part = program(tmp_path, SLEEP)
    supervisor.add(part)
    first = pid_of(part)
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: not part.alive(), 5)
    supervisor.revive()
    assert part.alive()
    assert pid_of(part) != first
    assert said == ["part ended; starting it again."]


def test_a_part_that_waits_for_another_dead_one_keeps_nobody_from_starting_that(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """The web is healthy only over a database; both are killed, and the web is looked at first."""
    database = program(tmp_path, SLEEP)
    web = program(tmp_path, SLEEP, ready=database.alive)
    database.name, web.name = "database", "web"
    supervisor.add(database)
    supervisor.add(web)
    supervisor.parts.reverse()
    for part in (web, database):
        os.kill(pid_of(part), signal.SIGKILL)
        assert wait_until(lambda part=part: not part.alive(), 5)
    began = time.monotonic()
    supervisor.revive()
    assert time.monotonic() - began < 5
    assert database.alive()
    assert web.alive()


def test_a_part_that_keeps_dying_is_tried_ever_more_rarely(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    attempts = tmp_path / "attempts"
    mortal = program(tmp_path, ["/bin/sh", "-c", f"echo x >> {attempts}"])
    supervisor.add(program(tmp_path, SLEEP))
    supervisor.parts[0] = mortal
    ends = time.monotonic() + 2.5
    while time.monotonic() < ends:
        supervisor.revive()
        time.sleep(0.02)
    assert 2 <= len(attempts.read_text().split()) <= 4  # at 0, 0.5 and 1.5 s; each attempt may itself take time


def test_a_part_that_never_gets_ready_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    part = program(tmp_path, ["/bin/sh", "-c", "echo no such port; exit 3"], ready=lambda: False)
    with pytest.raises(PartFailed, match=r"(?s)status 3.*no such port"):
        part.start()
    late = program(tmp_path, SLEEP, ready=lambda: False, patience=0.2)
    with pytest.raises(PartFailed, match="was not ready in time"):
        late.start()
    assert not late.alive()


def test_stopping_takes_a_part_that_ignores_it_and_its_children_too(supervisor: Supervisor, tmp_path: Path) -> None:
    part = program(tmp_path, STUBBORN, ready=lambda: (tmp_path / "part.log").read_text().endswith("\n"))
    supervisor.add(part)
    child = int((tmp_path / "part.log").read_text())
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 10
    assert not part.alive()
    assert wait_until(lambda: not alive(child), 2)


def test_children_left_by_a_killed_supervisor_are_found_by_their_mark(tmp_path: Path) -> None:
    marked = subprocess.Popen(SLEEP, env={**os.environ, MARK: str(tmp_path)})
    other = subprocess.Popen(SLEEP, env={**os.environ, MARK: f"{tmp_path}-of-another-home"})
    try:
        assert wait_until(lambda: f"{MARK}=" in Path(f"/proc/{marked.pid}/environ").read_text(), 5)
        assert clear_leftovers(str(tmp_path)) == [marked.pid]
        assert marked.wait(5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (marked, other):
            process.kill()
            process.wait()
