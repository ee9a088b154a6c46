"""The import rules hold, and each of them really breaks when it is broken."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "atmpxb"

# contract → (module that breaks it, what it says)
VIOLATIONS = {
    "Dependencies point down only": ("records/uphill.py", "import atmpxb.quality\n"),
    "Science does no I/O and knows no framework": ("science/impure.py", "import socket\n"),
    "Only records/jobs.py knows the queue": ("quality/hasty.py", "import procrastinate\n"),
}


def lint(root: Path) -> str:
    done = subprocess.run(
        ["lint-imports", "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        cwd=root,
        env={
            "PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin",
            "PYTHONPATH": str(root / "src"),
            "COLUMNS": "200",
        },
    )
    return done.stdout + done.stderr


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """The Python source, without what it carries along, where a test may break it."""
    shutil.copytree(
        SOURCE,
        tmp_path / "src" / "atmpxb",
        ignore=lambda folder, names: [
            name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()
        ],
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    words = lint(ROOT)
    assert f"Contracts: {len(VIOLATIONS)} kept, 0 broken." in words, words


def test_each_contract_breaks_when_a_module_breaks_it(copied_tree: Path) -> None:
    for path, line in VIOLATIONS.values():
        (copied_tree / "src" / "atmpxb" / path).write_text(line, encoding="utf-8")
    words = lint(copied_tree)
    for contract, (path, _) in VIOLATIONS.items():
        assert f"{contract} BROKEN" in words, words
        assert "atmpxb." + path.removesuffix(".py").replace("/", ".") in words, words


def test_siblings_do_not_know_each_other(copied_tree: Path) -> None:
    (copied_tree / "src/atmpxb/science/curious.py").write_text("import atmpxb.records\n", encoding="utf-8")
    words = lint(copied_tree)
    assert "Dependencies point down only BROKEN" in words, words


def test_only_the_jobs_module_imports_the_queue() -> None:
    importers = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(name.split(".")[0] == "procrastinate" for name in names):
                importers.append(path.relative_to(SOURCE).as_posix())
    assert set(importers) <= {"records/jobs.py"}
