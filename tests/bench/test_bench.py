"""The door to the benchmarks: what a program reads from it, and how it says no."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BENCHMARK = """
from bench.figure import Figure, at_least, at_most
def run() -> list[Figure]:
    return [at_most("pages", 0.2, "s", {limit}), at_least("events", 1e6, "1/s")]
"""


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The framework without the project's own benchmarks."""
    (tmp_path / "bench").mkdir()
    for name in ("__init__.py", "__main__.py", "figure.py"):
        (tmp_path / "bench" / name).write_bytes((ROOT / "bench" / name).read_bytes())
    return tmp_path


def test_a_new_module_is_a_new_benchmark_and_json_is_one_object(checkout: Path) -> None:
    (checkout / "bench" / "pages.py").write_text(BENCHMARK.format(limit=0.5))
    assert bench(checkout).stdout.split() == ["pages"]
    done = bench(checkout, "pages", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "figures": [
            {"name": "pages", "value": 0.2, "unit": "s", "limit": 0.5, "ok": True},
            {"name": "events", "value": 1e6, "unit": "1/s", "limit": None, "ok": True},
        ]
    }


def test_a_missed_limit_fails_the_run_and_is_marked(checkout: Path) -> None:
    (checkout / "bench" / "pages.py").write_text(BENCHMARK.format(limit=0.1))
    done = bench(checkout, "pages")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].split() == ["FAIL", "pages", "0.2", "s", "limit", "0.1", "s"]


def test_an_unknown_name_is_answered_with_the_known_ones(checkout: Path) -> None:
    (checkout / "bench" / "pages.py").write_text(BENCHMARK.format(limit=0.5))
    done = bench(checkout, "page")
    assert done.returncode == 2
    assert "there are: pages" in done.stderr


def test_peers_are_pinned() -> None:
    lines = (ROOT / "bench" / "peers.txt").read_text().split()
    assert lines
    assert all("==" in line for line in lines)
