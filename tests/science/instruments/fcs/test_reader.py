"""An FCS file is read as the standard says; what deviates is mended by a named rule or refused."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from atmpxb.science.instruments.fcs import Channel, FcsError, SpilloverMatrix, linearise, read, write

ROOT = Path(__file__).resolve().parents[4]
PLACES = [folder / "shared/reference/flow" for folder in (ROOT.parent, ROOT.parent.parent)]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
CASES = json.loads((REFERENCE / "fcs/manifest.json").read_text()) if REFERENCE else []

#: Repairs that the irregular files of the corpus need; the others need none of these.
IRREGULAR = {
    "EY_2013-07-19_PBS_FCS_3.1_Custom_Without_Add_Well_A1.001.fcs": "data.end_off_by_one",
    "data_start_offset_discrepancy_example.fcs": "data.offsets_disagree",
    "coulter.lmd": "data.end_off_by_one",
    "0877408774.B08": "text.empty_value",
}


def fcs(
    data: bytes,
    keywords: dict[str, str],
    version: str = "FCS3.1",
    *,
    header: tuple[object, object] | None = None,
    delimiter: str = "|",
    offsets: tuple[int, int] | None = None,
    tail: bytes = b"",
) -> bytes:
    """Assemble a file by hand. ``offsets`` moves what TEXT says of DATA, ``header`` what HEADER says."""
    begin = 2048
    first, last = offsets or (begin, begin + len(data) - 1)
    pairs = {"$BEGINDATA": str(first), "$ENDDATA": str(last)} if version != "FCS2.0" else {}
    text = delimiter + "".join(f"{k}{delimiter}{v}{delimiter}" for k, v in (pairs | keywords).items())
    raw = text.encode()
    low, high = header or (begin, begin + len(data) - 1)
    head = f"{version}    {256:>8}{256 + len(raw) - 1:>8}{low:>8}{high:>8}{0:>8}{0:>8}".encode()
    return head.ljust(256) + raw.ljust(begin - 256) + data + tail


def describe(widths: list[int], ranges: list[int] | None = None, **more: str) -> dict[str, str]:
    keywords = {"$PAR": str(len(widths)), "$MODE": "L", "$DATATYPE": "I", "$BYTEORD": "1,2,3,4"}
    for n, width in enumerate(widths, 1):
        reach = ranges[n - 1] if ranges else 2**width
        keywords |= {f"$P{n}N": f"C{n}", f"$P{n}B": str(width), f"$P{n}R": str(reach), f"$P{n}E": "0,0"}
    return keywords | {"$" + key: value for key, value in more.items()}


@pytest.mark.parametrize("case", CASES, ids=[Path(case["file"]).name for case in CASES])
def test_files_of_real_cytometers_give_the_values_that_other_readers_give(case):
    data, expected = (REFERENCE / case["file"]).read_bytes(), case["expected"]
    if "no_reader" in expected:
        with pytest.raises(FcsError, match="copy or export it again") as refused:
            read(data)
        assert refused.value.code == "fcs.truncated"
        return
    file = read(data)
    assert file.sha256 == case["sha256"]
    assert list(file.events.shape) == expected["shape"]
    assert file.version == case["version"].removeprefix("FCS")
    np.testing.assert_allclose(file.events.sum(axis=0, dtype=float), expected["raw_channel_sums"], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(file.events[0], expected["first_event"], rtol=1e-6)
    np.testing.assert_allclose(file.events[-1], expected["last_event"], rtol=1e-6)
    rules = {repair.rule for repair in file.repairs}
    wanted = IRREGULAR.get(Path(case["file"]).name)
    assert wanted in rules if wanted else not rules & set(IRREGULAR.values())


@pytest.mark.skipif(REFERENCE is None, reason="reference data are not on this machine")
def test_the_second_data_set_of_a_file_can_be_read():
    data = (REFERENCE / "fcs/FlowIO/coulter.lmd").read_bytes()
    first, second = read(data), read(data, 1)
    assert (first.datasets, second.datasets, second.dataset) == (2, 2, 1)
    assert len(second.events) == len(first.events)
    with pytest.raises(FcsError) as refused:
        read(data, 2)
    assert refused.value.code == "fcs.no_such_dataset"


def test_a_chain_of_data_sets_has_an_end():
    one = fcs(b"\x05", describe([8], TOT="1", NEXTDATA="2049"))
    file = read(one * 999 + one.replace(b"|2049|", b"|0|   ", 1), 999)
    assert (file.datasets, file.dataset, file.events.tolist()) == (1000, 999, [[5.0]])
    with pytest.raises(FcsError) as refused:
        read(one * 1001)
    assert refused.value.code == "fcs.too_many_datasets"


@pytest.mark.parametrize("width", [8, 16, 24, 32, 40, 48, 64])
@pytest.mark.parametrize("order", ["little", "big"])
def test_integers_of_any_width_and_order(width, order):
    values = [[0, 1], [2**width - 1, 2 ** (width - 1)], [7, 2**width // 3]]
    data = b"".join(value.to_bytes(width // 8, order) for row in values for value in row)
    listed = "1,2,3,4" if order == "little" else "4,3,2,1"
    file = read(fcs(data, describe([width, width], TOT="3", BYTEORD=listed)))
    assert file.events.tolist() == [[float(value) for value in row] for row in values]
    assert file.repairs == ()


def test_widths_may_be_mixed_and_masks_cut_the_bits_above_the_range():
    rows = [(0xFFFF, 0x01, 0xABCDEF, 0xFFFFFFFF), (1025, 2, 3, 4)]
    data = b"".join(a.to_bytes(2) + b.to_bytes(1) + c.to_bytes(3) + d.to_bytes(4) for a, b, c, d in rows)
    widths, ranges = [16, 8, 24, 32], [1024, 256, 2**24, 1000]
    file = read(fcs(data, describe(widths, ranges, TOT="2", BYTEORD="4,3,2,1")))
    assert file.events.tolist() == [[1023, 1, 0xABCDEF, 1023], [1, 2, 3, 4]]


@pytest.mark.parametrize(("order", "stored"), [("3,4,1,2", "bytes 2 3 0 1"), ("2,1,4,3", "bytes 1 0 3 2")])
def test_middle_endian_words(order, stored):
    # $BYTEORD lists the significance of each byte as it comes; the least of 0x0A0B0C0D is 0D
    little = bytes([0x0D, 0x0C, 0x0B, 0x0A])
    data = bytes(little[int(place)] for place in stored.split()[1:])
    file = read(fcs(data, describe([32], TOT="1", BYTEORD=order)))
    assert file.events[0, 0] == 0x0A0B0C0D


def test_a_byte_order_that_has_no_meaning_is_refused():
    for order in ("1,1,2,3", "3,1,2", "little", "1,2,3,4,5,6,7,8,9", ""):
        with pytest.raises(FcsError) as refused:
            read(fcs(bytes(8), describe([32], TOT="2", BYTEORD=order)))
        assert refused.value.code == "fcs.byte_order"


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
def test_bits_packed_without_padding(order):
    """Ten-bit values as FCS 2.0 allows: four values in five bytes."""
    values = [1, 1023, 512, 341, 7, 1000]
    if order == "4,3,2,1":
        bits = "".join(f"{value:010b}" for value in values).ljust(64, "0")
        data = bytes(int(bits[at : at + 8], 2) for at in range(0, 64, 8))
    else:
        number = sum(value << (10 * place) for place, value in enumerate(values))
        data = number.to_bytes(8, "little")
    file = read(fcs(data, describe([10, 10], TOT="3", BYTEORD=order)))
    assert file.events.tolist() == [[1, 1023], [512, 341], [7, 1000]]


@pytest.mark.parametrize(("letter", "datatype", "bits"), [("f", "F", 32), ("d", "D", 64)])
@pytest.mark.parametrize(("mark", "order"), [("<", "1,2,3,4"), (">", "4,3,2,1")])
def test_floats_single_and_double(letter, datatype, bits, mark, order):
    numbers = (1.5, -2.25, 1e-3, 262143.0)
    data = struct.pack(f"{mark}4{letter}", *numbers)
    file = read(fcs(data, describe([bits, bits], TOT="2", DATATYPE=datatype, BYTEORD=order)))
    np.testing.assert_allclose(file.events.ravel(), numbers, rtol=1e-7)
    assert file.events.flags.f_contiguous


def test_version_3_2_mixes_data_types_in_one_event():
    data = struct.pack("<Hfd", 513, 2.5, -1e100) + struct.pack("<Hfd", 7, 0.5, 3.0)
    keywords = describe([16, 32, 64], TOT="2") | {"$P2DATATYPE": "F", "$P3DATATYPE": "D"}
    file = read(fcs(data, keywords, "FCS3.2"))
    assert file.events.tolist() == [[513.0, 2.5, -1e100], [7.0, 0.5, 3.0]]
    assert [channel.datatype for channel in file.channels] == ["I", "F", "D"]


def test_values_stay_verbatim():
    """A dollar, an escaped delimiter and another alphabet survive; this is where other readers lose text."""
    keywords = describe([8], TOT="1") | {"$COM": "cost $5 || more", "NOTE": "µ-slide é", "#x": " spaces "}
    file = read(fcs(b"\x05", keywords))
    assert (file.keywords["$COM"], file.keywords["NOTE"]) == ("cost $5 | more", "µ-slide é")
    assert file.keywords["#x"] == " spaces "
    assert file.keyword("note") == "µ-slide é"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"header": (2048, 2048 + 12)}, "data.offsets_disagree"),
        ({"header": (1900, 1911)}, "data.offsets_disagree"),
        ({"offsets": (1900, 1906)}, "data.offsets_disagree"),
        ({"header": ("", "")}, "header.blank_offset"),
        ({"header": (2048, 99999999)}, "header.largest_offset"),
        ({"header": (2048, 2060), "offsets": (2048, 2060), "tail": b"0"}, "data.end_off_by_one"),
        ({"header": (2048, 2058), "offsets": (2048, 2058)}, "data.end_off_by_one"),
    ],
)
def test_offsets_that_disagree_are_settled_by_a_rule_and_listed(change, rule):
    data = bytes(range(12))
    file = read(fcs(data, describe([8, 16], TOT="4"), **change))
    assert file.events[:, 0].tolist() == [0, 3, 6, 9]
    assert rule in {repair.rule for repair in file.repairs}


def test_offsets_beyond_eight_digits_stand_in_text_only_and_need_no_repair():
    file = read(fcs(bytes(range(4)), describe([8], TOT="4"), header=(0, 0)))
    assert file.events[:, 0].tolist() == [0, 1, 2, 3]
    assert file.repairs == ()


@pytest.mark.parametrize(
    ("total", "events", "rule"),
    [("9", 6, "tot.disagrees"), ("4", 4, "data.longer_than_tot"), ("x", 6, "tot.unreadable")],
)
def test_a_total_that_disagrees_with_the_data_is_listed(total, events, rule):
    file = read(fcs(bytes(range(12)), describe([16], TOT=total)))
    assert len(file.events) == events
    assert [repair.rule for repair in file.repairs] == [rule]


def test_a_cut_file_says_how_many_events_are_whole():
    whole = fcs(bytes(range(200)), describe([16], TOT="100"))
    with pytest.raises(FcsError, match="40 whole events of 100") as refused:
        read(whole[: 2048 + 81])
    assert refused.value.code == "fcs.truncated"


def test_an_unreadable_time_step_or_gain_is_listed_and_not_used():
    keywords = describe([8], TOT="1", TIMESTEP="fast") | {"$P1G": "none", "$P1E": "4,0"}
    file = read(fcs(b"\x05", keywords))
    assert file.timestep is None
    assert {r.rule for r in file.repairs} == {
        "timestep.unreadable",
        "gain.unreadable",
        "amplification.zero_offset",
    }
    assert (file.channels[0].decades, file.channels[0].offset, file.channels[0].gain) == (4.0, 1.0, 1.0)


def test_gain_and_logarithmic_amplifiers_are_undone_in_a_step_of_their_own():
    """The worked examples of FCS 3.1: $P1E 4,1 with range 1024 (x = 1023 is 10^(4·1023/1024)); $P2G 10."""
    keywords = describe([16, 16], [1024, 1024], TOT="2") | {"$P1E": "4,1", "$P2G": "10"}
    file = read(fcs(struct.pack("<4H", 0, 120, 512, 240), keywords))
    assert file.events.tolist() == [[0, 120], [512, 240]]
    np.testing.assert_allclose(linearise(file), [[1.0, 12.0], [100.0, 24.0]], rtol=1e-12)


def test_what_is_no_list_mode_fcs_is_refused_with_a_cure():
    good = fcs(bytes(2), describe([8], TOT="2"))
    cases = {
        "fcs.not_fcs": b"PK\x03\x04 a zip",
        "fcs.version": good.replace(b"FCS3.1", b"FCS9.9"),
        "fcs.mode": fcs(bytes(2), describe([8], TOT="2", MODE="C")),
        "fcs.datatype": fcs(bytes(2), describe([8], TOT="2", DATATYPE="A")),
        "fcs.no_channels": fcs(bytes(2), describe([8], TOT="2", PAR="0")),
        "fcs.bits": fcs(bytes(2), describe([8], TOT="2", PAR="3")),
        "fcs.range": fcs(bytes(2), {k: v for k, v in describe([8], TOT="2").items() if k != "$P1R"}),
        "fcs.text_missing": good[:40],
    }
    for code, data in cases.items():
        with pytest.raises(FcsError) as refused:
            read(data)
        assert refused.value.code == code


def test_what_is_written_is_read_back_bit_for_bit():
    rng = np.random.default_rng(4)
    events = rng.normal(0, 1e4, (5000, 3)).astype(np.float32)
    channels = [Channel("FSC-A"), Channel("FITC-A", "CD4 / x|y", gain=0.5), Channel("Time", range=1e6)]
    spillover = SpilloverMatrix(("FSC-A", "FITC-A"), ((1.0, 1 / 3), (0.0, 1.0)), source="$SPILLOVER")
    file = read(write(events, channels, {"$CYT": "a/b", "NOTE": "x|y\\z!"}, spillover))
    assert np.array_equal(file.events, events)
    assert file.channels == tuple(channels)
    assert file.spillover == spillover
    assert (file.keywords["$CYT"], file.keywords["NOTE"], file.repairs) == ("a/b", "x|y\\z!", ())


def test_a_keyword_without_value_is_not_written():
    with pytest.raises(FcsError, match="NOTE"):
        write(np.zeros((1, 1), np.float32), [Channel("A")], {"NOTE": ""})


@pytest.mark.parametrize("text", ["2,C1,C2,1,0,0", "2,C1,C9,1,0,0,1", "2,C1,C1,1,0,0,1", "x", "2,C1,C2,1,0,a,1"])
def test_a_spillover_that_cannot_be_read_is_no_matrix_and_is_listed(text):
    file = read(fcs(bytes(2), describe([8, 8], TOT="1", SPILLOVER=text)))
    assert file.spillover is None
    assert [repair.rule for repair in file.repairs] == ["spillover.unreadable"]
