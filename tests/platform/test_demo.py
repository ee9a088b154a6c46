"""``atmpxb demo`` as a person runs it: one command, a certificate at the end, and proof that it holds."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from atmpxb.platform.commands.verify import command as verify


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Path]]:
    """The last three lines of the demo: certificate, raw files, trust list."""
    root = Path(tempfile.mkdtemp(prefix="atmpxb-demo-"))
    root.chmod(0o711)
    aside = root / "aside"
    environment = {
        **os.environ,
        "ATMPXB_HOME": str(aside),
        "DATABASE_URL": "postgresql://nobody@/nowhere?host=/nowhere",
    }
    done = subprocess.run(
        [sys.executable, "-m", "atmpxb.platform.cli", "demo", "--folder", str(root / "demo")],
        check=False, capture_output=True, text=True, timeout=200, env=environment,
    )  # fmt: skip
    try:
        assert done.returncode == 0, done.stderr[-3000:]
        last = [line.split(": ", 1) for line in done.stdout.splitlines()[-3:]]
        assert [name for name, _ in last] == ["certificate", "raw", "trust"]
        assert not (aside / "data").exists(), "the installation's own database is left alone"
        yield {name: Path(place) for name, place in last}
    finally:
        data = root / "demo" / "data"
        if data.is_symlink():
            shutil.rmtree(data.resolve().parent, ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)


def ask(
    told: dict[str, Path], *, certificate: Path | None = None, raw: Path | None = None, trust: bool = True
) -> Result:
    options = ["--trust", str(told["trust"])] if trust else []
    options += ["--raw", str(raw)] if raw else []
    return CliRunner().invoke(verify, [str(certificate or told["certificate"]), *options])


def test_the_certificate_verifies_without_and_with_the_raw_files(told: dict[str, Path]) -> None:
    assert len(list(told["raw"].iterdir())) == 7, "four tubes, one plate, one count, one report of a partner"
    for raw in (None, told["raw"]):
        answer = ask(told, raw=raw)
        assert answer.exit_code == 0, answer.output


def test_without_a_trust_list_the_issuer_is_unknown_and_that_is_no_pass(told: dict[str, Path]) -> None:
    answer = ask(told, trust=False)
    assert answer.exit_code == 1
    assert "FAIL" in answer.output


def test_a_changed_byte_of_the_certificate_or_of_a_raw_file_is_found(told: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(told["certificate"].read_bytes())
    data[len(data) // 3] ^= 0x10
    (tmp_path / "forged.pdf").write_bytes(data)
    assert ask(told, certificate=tmp_path / "forged.pdf").exit_code != 0
    raw = shutil.copytree(told["raw"], tmp_path / "raw")
    victim = sorted(raw.glob("*.fcs"))[0]
    victim.chmod(0o600)
    damaged = bytearray(victim.read_bytes())
    damaged[-100] ^= 1
    victim.write_bytes(damaged)
    answer = ask(told, raw=raw)
    assert answer.exit_code == 1
    assert victim.name in answer.output
