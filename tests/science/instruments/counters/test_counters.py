"""Exports of cell counters: every value of a published conversion, and every irregularity of real life."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.science.instruments.counters import CounterError, read
from atmpxb.science.simulate.counts import Suspension, vicell_blu

ROOT = Path(__file__).parents[4]
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
EXPORTS = (
    [*sorted(VENDOR.glob("beckman_vi_cell_blu/*.csv")), *sorted(VENDOR.glob("chemometec_nucleoview/*.csv"))]
    if VENDOR
    else []
)
FIELDS = {
    "viability (cell counter)": "viability",
    "viable cell density (cell counter)": "viable_per_ml",
    "total cell density (cell counter)": "total_per_ml",
    "dead cell density (cell counter)": "dead_per_ml",
    "average total cell diameter": "diameter_um",
    "total cell count": "total_count",
    "viable cell count": "viable_count",
}
GOOD = vicell_blu((Suspension("S1", 1.5e6, 93.0), Suspension("S2", 8e5, 71.0)), seed=11)
NUCLEO = (
    b"Viability and Cell Count Assay; ;\r\nImage;20260321-0004-c-CART-7;\r\nOperator;analyst;\r\n"
    b"Viability (%);68.2;\r\nLive (cells/ml);2.45E6;\r\n"
    b"Dead (cells/ml);1.14E6;\r\nTotal (cells/ml);3.58E6;\r\n"
    b"Multiplication factor;1.000;\r\n;\r\nInstrument type;NucleoView NC-200\r\n"
    b"Instrument s/n;s/n 900020109990\r\nDate time;20260321 163016\r\nTime zone offset;2\r\n"
)


@pytest.mark.skipif(not EXPORTS, reason="the reference data are not there")
@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_every_value_agrees_with_the_published_conversion(path: Path) -> None:
    model: dict[str, Any] = json.loads(path.with_suffix(".asm.json").read_text())
    documents = model["cell counting aggregate document"]["cell counting document"]

    export = read(path.read_bytes())

    assert len(export.counts) == len(documents)
    for count, document in zip(export.counts, documents, strict=True):
        (measurement,) = document["measurement aggregate document"]["measurement document"]
        (processed,) = measurement["processed data aggregate document"]["processed data document"]
        assert count.sample == measurement["sample document"]["sample identifier"]
        for name, field in FIELDS.items():
            found = getattr(count, field)
            if name not in processed:
                assert found is None
                continue
            scale = 1e6 if processed[name]["unit"] == "10^6 cells/mL" else 1
            assert float(found) == pytest.approx(processed[name]["value"] * scale, rel=1e-12)
        factor = processed["data processing document"]["cell density dilution factor"]["value"]
        assert count.dilution == Decimal(str(factor))


def test_a_serial_number_and_a_run_are_found_where_the_file_has_them() -> None:
    export = read(NUCLEO)

    assert (export.instrument_serial, export.run) == ("900020109990", "20260321-0004-c-CART-7")
    assert export.counts[0].sample == "CART-7"
    assert export.counts[0].acquired_at == "20260321 163016 UTC+2"


@pytest.mark.parametrize(
    ("encoding", "repaired"),
    [("utf-8", False), ("utf-8-sig", False), ("utf-16", True), ("utf-16-le", True), ("cp1252", True)],
)
def test_the_same_values_in_every_encoding(encoding: str, repaired: bool) -> None:
    text = GOOD.decode().replace("μ", "µ")  # Windows-1252 has the micro sign, not the Greek letter

    export = read(text.encode(encoding))

    assert [count.viable_count for count in export.counts] == [count.viable_count for count in read(GOOD).counts]
    assert export.counts[0].diameter_um is not None
    assert ("encoding" in [repair.rule for repair in export.repairs]) is repaired


def test_a_regional_export_is_read_and_every_mended_number_listed() -> None:
    regional = GOOD.decode().replace(",", ";").replace(".", ",").encode()

    export = read(regional)

    assert [count.viability for count in export.counts] == [count.viability for count in read(GOOD).counts]
    rules = [repair.rule for repair in export.repairs]
    assert rules[0] == "separator"
    assert rules.count("decimal_comma") >= 6 * 3
    assert all("," in repair.before and "." in repair.after for repair in export.repairs[1:])


def test_columns_that_nobody_asked_for_are_kept() -> None:
    assert read(GOOD).counts[0].unread["Wash"] == "Normal Wash"


def test_an_error_of_the_instrument_is_no_zero() -> None:
    failed = read(vicell_blu((Suspension("S1", 1e6, 90.0, failed=(0,)),), seed=1)).counts[0]

    assert failed.total_count is None
    assert failed.unreadable == {"Cell count": "ERROR", "Viable cells": "ERROR"}
    assert failed.viability is not None


def test_a_thousand_with_a_comma_in_a_comma_file_is_not_guessed() -> None:
    text = GOOD.decode().splitlines()
    cells = text[1].split(",")
    cells[1] = '"1,204"'
    export = read("\n".join([text[0], ",".join(cells)]).encode())

    assert export.counts[0].total_count is None
    assert export.counts[0].unreadable == {"Cell count": "1,204"}


def cut(data: bytes) -> bytes:
    return data[: data.rindex(b"3/21/2026")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "counter.empty"),
        (b" \r\n", "counter.empty"),
        (b"PK\x03\x04" + bytes(200), "counter.not_text"),
        (b"a,b,c\n1,2,3\n", "counter.unknown_format"),
        (GOOD.splitlines(keepends=True)[0], "counter.no_rows"),
        (cut(GOOD), "counter.row_length"),
        (GOOD.replace(b"Viable (x10^6) cells/mL", b"Living"), "counter.column_missing"),
        (GOOD.replace(b"Bubble count", b"Cluster count"), "counter.column_twice"),
        (GOOD.replace(b"Normal Wash,", b"Normal Wash,,surplus", 1), "counter.row_length"),
        (GOOD.replace(b"S1-2,", b'S1-2"x",', 1).replace(b"S1-3", b'"S1-3'), "counter.malformed"),
        (NUCLEO + NUCLEO, "counter.key_twice"),
        (NUCLEO[: NUCLEO.index(b"Total")], "counter.key_missing"),
        (NUCLEO.replace(b"Image;", b"Picture;"), "counter.key_missing"),
        (b"x" * (16 * 2**20 + 1), "counter.too_large"),
    ],
)
def test_what_can_not_be_read_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(CounterError) as caught:
        read(data)
    assert caught.value.code == code


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.data())
def test_a_damaged_export_is_read_or_refused_but_never_crashes(data: st.DataObject) -> None:
    source = bytearray(data.draw(st.sampled_from([GOOD, NUCLEO, GOOD.decode().encode("utf-16")])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(source)))
        source[at : at + data.draw(st.integers(0, 200))] = data.draw(st.binary(max_size=12))
    try:
        export = read(bytes(source))
    except CounterError as error:
        code = error.code
    else:
        assert export.counts
        return
    assert code.startswith("counter.")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(CounterError):
        read(data)
