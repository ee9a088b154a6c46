"""``python -m bench NAME [--json] [--peers]``: measure; without NAME, list what can be measured."""

import argparse
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.figure import Figure

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
PEERS = ROOT / ".peers"  # other people's programs, in an environment of their own


def names() -> list[str]:
    """Benchmarks are the modules here that have a ``run``: a new one is a new file."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name for name in found if not name.startswith("_") and name != "figure")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure what the project promises.")
    parser.add_argument("name", nargs="?", help="which benchmark; without it they are listed")
    parser.add_argument("--json", action="store_true", help="print one object with the figures, nothing else")
    parser.add_argument("--peers", action="store_true", help="make the environment of programs to compare with")
    asked = parser.parse_args(arguments)
    if asked.peers:
        make_peers()
    if asked.name is None:
        if not asked.peers:
            print("\n".join(names()))
        return 0
    if asked.name not in names():
        parser.error(f"there is no benchmark {asked.name!r}; there are: {', '.join(names())}")
    figures: list[Figure] = importlib.import_module(f"bench.{asked.name}").run()
    if asked.json:
        print(json.dumps({"figures": [asdict(figure) for figure in figures]}))
    else:
        print(table(figures))
    return 0 if all(figure.ok for figure in figures) else 1


def table(figures: Sequence[Figure]) -> str:
    width = max((len(figure.name) for figure in figures), default=0)
    lines = []
    for figure in figures:
        limit = "" if figure.limit is None else f"limit {figure.limit:g} {figure.unit}"
        mark = "ok  " if figure.ok else "FAIL"
        lines.append(f"{mark} {figure.name:{width}}  {figure.value:12.6g} {figure.unit:8} {limit}".rstrip())
    return "\n".join(lines)


def make_peers() -> None:
    """Install bench/peers.txt into ``.peers``, unless that was done already."""
    wanted, installed = FOLDER / "peers.txt", PEERS / "installed.txt"
    if installed.is_file() and installed.read_bytes() == wanted.read_bytes():
        return
    uv = str(ROOT / ".tools" / "bin" / "uv")
    told = {"check": True, "cwd": ROOT, "stdout": sys.stderr}
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(PEERS)], **told)
    python = str(PEERS / "bin" / "python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", str(wanted)], **told)
    installed.write_bytes(wanted.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
