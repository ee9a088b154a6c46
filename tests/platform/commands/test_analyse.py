"""A person at a terminal analyses files without a database."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from atmpxb.platform.commands.analyse import command
from atmpxb.science.simulate.counts import Suspension, vicell_blu

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "counts"
VENDOR = next(
    (
        folder
        for folder in (
            ROOT.parent / "shared/reference/pcr/vendor",
            ROOT.parent.parent / "shared/reference/pcr/vendor",
        )
        if folder.is_dir()
    ),
    None,
)
TRIPLICATE = str(EXAMPLES / "cell-count-triplicate.toml")
BENCH = ("--entry", "dilution=2", "--entry", "volume_ml=50")


@pytest.fixture
def export(tmp_path: Path) -> str:
    path = tmp_path / "counts.csv"
    path.write_bytes(vicell_blu((Suspension("S1", 1.5e6, 93.0),), seed=3))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_results_checks_and_pictures(export: str, tmp_path: Path) -> None:
    result = run(TRIPLICATE, export, *BENCH, "--plots", str(tmp_path / "plots"))

    assert result.exit_code == 0, result.output
    assert "CC-003 1.0  Cell count and viability, triplicate" in result.output
    assert "10^6 cells/mL" in result.output
    assert "passed" in result.output
    assert "FAILED" not in result.output
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "01-viability.svg",
        "02-viable_concentration.svg",
    ]


def test_the_json_has_unrounded_text_and_no_floats(export: str) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(f"{text} is a float")

    result = run(TRIPLICATE, export, *BENCH, "--json")
    report = json.loads(result.stdout, parse_float=refuse)

    assert result.exit_code == 0
    assert report["method"]["code"] == "CC-003"
    assert report["files"][0]["role"] == "counts"
    assert {value["code"] for value in report["values"]} == {
        "viability",
        "viable_concentration",
        "viable_cells",
        "replicate_cv",
    }
    assert all(isinstance(value["value"], str) for value in report["values"])


def test_dutch_has_decimal_commas(export: str) -> None:
    result = run(TRIPLICATE, export, *BENCH, "--language", "nl")

    assert "Celtelling en viabiliteit" in result.output
    assert "voldaan" in result.output
    row = next(line for line in result.output.splitlines() if "Levende cellen  " in line)
    assert "," in row
    assert "." not in row


def test_a_failed_check_and_an_undetermined_value_end_with_one(tmp_path: Path, export: str) -> None:
    few = tmp_path / "few.csv"
    few.write_bytes(vicell_blu((Suspension("S1", 2e4, 93.0),), seed=3))

    assert run(TRIPLICATE, str(few), *BENCH).exit_code == 1
    assert "FAILED" in run(TRIPLICATE, str(few), *BENCH).output
    without_volume = run(TRIPLICATE, export, "--entry", "dilution=2")
    assert without_volume.exit_code == 1
    assert "undetermined" in without_volume.output


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "count.entry_missing"),
        (("--entry", "colour=red"), "analyse.entry"),
        (("--entry", "dilution=1", "--entry", "dilution@S1=2"), "analyse.entry"),
        (("--role", "counts.csv=tube", *BENCH), "inputs.missing"),
        (("--role", "other.csv=counts", *BENCH), "analyse.option"),
        (("--sample", "counts.csv=S9", *BENCH), "count.sample_missing"),
    ],
)
def test_what_can_not_be_analysed_ends_with_two_and_says_why(export: str, options: tuple[str, ...], code: str) -> None:
    result = run(TRIPLICATE, export, *options)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"{code}: ")
    assert json.loads(run(TRIPLICATE, export, *options, "--json").stdout)["error"]["code"] == code


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    nucleo = tmp_path / "n.csv"
    nucleo.write_text("Image;a\nViability (%);90\nLive (cells/ml);9E5\nTotal (cells/ml);1E6\n")

    result = run(TRIPLICATE, str(nucleo), *BENCH)

    assert result.exit_code == 2
    assert "analyse.format: n.csv is nucleoview; method CC-003 takes vicell_blu." in result.stderr


def test_an_invalid_method_lists_its_problems(tmp_path: Path, export: str) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = "atmpxb.method/1"\ncolour = "red"\n')

    result = run(str(bad), export)

    assert result.exit_code == 2
    assert "unknown key 'colour'" in result.stderr


def test_a_patient_in_the_file_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_bytes(vicell_blu((Suspension("Jan Janssens", 1.5e6, 93.0),), seed=3))

    assert "looks like a name" in run(TRIPLICATE, str(path), *BENCH).output
    assert "lijkt op een naam" in run(TRIPLICATE, str(path), *BENCH, "--language", "nl").output


def test_an_observation_needs_no_file_and_shows_its_words() -> None:
    method = str(EXAMPLES / "appearance.toml")

    assert "Turbid suspension" in run(method, "--entry", "appearance@S1=opaque_free").output
    assert "Troebele suspensie" in run(method, "--entry", "appearance=opaque_free", "--language", "nl").output
    assert run(method).exit_code == 1


@pytest.mark.skipif(VENDOR is None, reason="the reference data are not there")
@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("beckman_vi_cell_blu/Beckman_Vi-Cell-BLU_example01.csv", 10),
        ("beckman_vi_cell_blu/Beckman_Vi-Cell-BLU_example02.csv", 5),
        ("chemometec_nucleoview/chemometec_nucleoview_example01.csv", 1),
        ("chemometec_nucleoview/chemometec_nucleoview_example03.csv", 1),
    ],
)
def test_real_exports_are_analysed(name: str, samples: int) -> None:
    assert VENDOR is not None
    result = run(str(EXAMPLES / "cell-count.toml"), str(VENDOR / name), "--entry", "dilution=1", "--json")

    report = json.loads(result.stdout)
    assert len({value["sample"] for value in report["values"]}) == samples
    assert [check["observed"] for check in report["checks"] if check["passed"] is not True] == []
    assert result.exit_code == 0


def test_no_web_framework_is_loaded() -> None:
    code = "import sys, atmpxb.platform.commands.analyse;sys.exit('django' in sys.modules or 'scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
