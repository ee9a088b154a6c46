"""How long the embedded database and the command line let one wait."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from bench.figure import Figure, at_most, seconds


def run() -> list[Figure]:
    root = Path(tempfile.mkdtemp(prefix="atmpxb-bench-"))
    root.chmod(0o711)
    try:
        return _measure(Home(root / "home").create())
    finally:
        shutil.rmtree(root)


def _measure(home: Home) -> list[Figure]:
    def restart() -> None:
        with EmbeddedPostgres(home.data):
            pass

    began = perf_counter()
    EmbeddedPostgres(home.data).start().stop()
    first = perf_counter() - began
    light = [sys.executable, "-m", "atmpxb.platform.cli", "psql", "--help"]
    return [
        at_most("database: first start with initdb, roles, stop", first, "s", 6.0),
        at_most("database: start and stop", seconds(restart), "s", 0.5),
        at_most(
            "command line: a light command",
            seconds(lambda: subprocess.run(light, check=True, capture_output=True)),
            "s",
            0.3,
        ),
    ]
