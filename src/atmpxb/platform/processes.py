"""Questions about other processes, and the one thing asked of our own children: not to outlive us."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path


def die_with_parent(order: signal.Signals) -> Callable[[], None] | None:
    """For ``preexec_fn``: the child gets ``order`` when its parent dies, however it dies.

    Linux only: elsewhere ``None``, and a killed parent leaves its children to the next start. The kernel
    looks at the *thread* that started the child, not at the process.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child only makes the call
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(1, int(order))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and only waits to be counted by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a zombie is dead, its parent only has not looked yet
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()


def runs_in(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is the PostgreSQL server of ``data``, which makes that its working folder.

    A live process is not enough: ids are reused, above all after a container restarts.
    """
    if not alive(pid):
        return False
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Ask ``done`` until it says yes; ``False`` if it has not after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
