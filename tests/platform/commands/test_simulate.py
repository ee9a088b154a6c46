"""Somebody without an instrument gets raw files to try the program with."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from atmpxb.platform.commands import analyse, simulate

METHODS = Path(__file__).parents[3] / "examples"


def written(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(simulate.command, ["B-1", "--folder", str(folder), "--events", "5000", *options])


def test_every_file_of_a_batch_is_written_and_named(tmp_path: Path) -> None:
    said = written(tmp_path).output.splitlines()
    assert [line.split()[0] for line in said] == ["flow"] * 4 + ["qpcr", "cell_count", "transcription"]
    assert {Path(line.split()[1]) for line in said} == set(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fault", "valid"), [((), True), (("--fault", "contaminated_ntc"), False), (("--fault", "poor_efficiency"), False)]
)
def test_a_fault_is_noticed_by_the_method(tmp_path: Path, fault: tuple[str, ...], valid: bool) -> None:
    written(tmp_path, *fault)
    plate = tmp_path / "vcn_B-1.B.rdml"
    asked = CliRunner().invoke(analyse.command, [str(METHODS / "pcr/vcn.toml"), str(plate), "--json"])
    checks = json.loads(asked.output)["checks"]
    assert checks
    assert all(check["passed"] for check in checks) == valid


def test_a_batch_number_does_not_lead_elsewhere(tmp_path: Path) -> None:
    refused = CliRunner().invoke(simulate.command, ["../B-1", "--folder", str(tmp_path)])
    assert refused.exit_code == 1
    assert not list(tmp_path.iterdir())
