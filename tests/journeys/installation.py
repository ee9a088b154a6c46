"""A whole installation, as `atmpxb up` starts it, for the browsers of this test run."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from atmpxb.platform.connection import VARIABLES

PATIENCE = 120.0  # seconds until the first start with the demo must stand
_OURS = {
    *VARIABLES.values(),
    "ATMPXB_SIGNER",
    "ATMPXB_VAULT",
    "ATMPXB_CHECKPOINTS",
    "ATMPXB_URL",
    "ATMPXB_HOME",
}


@dataclass(frozen=True)
class Installation:
    """Where it answers, and how one gets in."""

    address: str
    home: Path

    @property
    def password(self) -> str:
        """The one password of all demo accounts."""
        found = re.search(r"password (\S+)", (self.home / "greeting.txt").read_text(encoding="utf-8"))
        assert found, "the greeting names no password"
        return found[1]

    @property
    def log(self) -> str:
        """What the web processes wrote: for the message of a test that failed."""
        path = self.home / "logs" / "web.log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.is_file() else ""


@contextmanager
def running() -> Iterator[Installation]:
    """Start one in a folder of its own on a free port; stop it as Ctrl-C does and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="journeys-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        root.chmod(0o711)
        home, port = root / "home", _free_port()
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        command = [
            sys.executable,
            "-m",
            "atmpxb.platform.cli",
            "--home",
            str(home),
            "up",
            "--port",
            str(port),
        ]
        with (root / "up.log").open("w+") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
            try:
                began = time.monotonic()
                while not _healthy(port) or not (home / "greeting.txt").exists():
                    if process.poll() is not None or time.monotonic() - began > PATIENCE:
                        raise RuntimeError("`atmpxb up` did not get ready:\n" + _text(root / "up.log"))
                    time.sleep(0.1)
                yield Installation(f"http://127.0.0.1:{port}", home)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(30)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-3000:]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _healthy(port: int) -> bool:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        asking.request("GET", "/healthz")
        return asking.getresponse().status == 200
    return False
