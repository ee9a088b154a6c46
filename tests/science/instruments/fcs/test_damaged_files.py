"""Whatever the bytes, reading ends with a file or an FcsError: no other exception, no invented memory."""

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.science.instruments.fcs import Channel, FcsError, read, write

EVENTS = np.arange(60, dtype=np.float32).reshape(20, 3)
GOOD = write(EVENTS, [Channel("FSC-A"), Channel("FL1-A", "CD3"), Channel("Time")], {"$CYT": "x", "$TIMESTEP": "0.01"})
NUMBERS = [
    b"0",
    b"-1",
    b"99999999",
    b"9" * 30,
    b"1e9",
    b"nan",
    b"",
    b" ",
    b"I",
    b"A",
    b"\xff\xfe",
    b"4,3,2,1",
    b"3,1",
]


def outcome(data: bytes) -> None:
    try:
        file = read(data)
    except FcsError as refusal:
        problem = refusal
    else:
        problem = None
    if problem is not None:
        assert problem.code.startswith("fcs.")
        assert problem.message.endswith(".")
        return
    assert file.events.shape[1] == len(file.channels)
    # an event has at least one bit, so the file can't hold more of them than it has bits
    assert file.events.size <= 8 * len(data)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes(data):
    outcome(b"FCS3.0    " + data)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes(changes):
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    outcome(bytes(data))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD)), st.binary(max_size=40), st.integers(0, 60))
def test_bytes_cut_out_and_put_in(place, inserted, cut):
    outcome(GOOD[:place] + inserted + GOOD[place + cut :])


KEYS = "$PAR $TOT $MODE $DATATYPE $BYTEORD $NEXTDATA $BEGINDATA $ENDDATA $BEGINSTEXT $ENDSTEXT $P1B $P1R $P1E $P1G $P2N"


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS.split()), st.sampled_from(NUMBERS), min_size=1, max_size=3))
def test_keywords_that_lie(lies):
    head, text, data = GOOD[:58], GOOD[58:-248], GOOD[-248:]
    tokens = text.strip(b"/").split(b"/")
    pairs = dict(zip(tokens[::2], tokens[1::2], strict=True)) | {k.encode(): v for k, v in lies.items()}
    pairs = {key: value or b" " for key, value in pairs.items()}
    changed = b"/" + b"".join(key + b"/" + value + b"/" for key, value in pairs.items())
    size = 58 + len(changed)
    head = head[:10] + f"{58:8d}{size - 1:8d}{size:8d}{size + 239:8d}".encode() + head[42:]
    outcome(head + changed + data)


def test_a_header_that_promises_much_gets_no_memory():
    liar = GOOD.replace(b"$TOT/20/", b"$TOT/99999999999999/").replace(b"$PAR/3/", b"$PAR/999999999/")
    tracemalloc.start()
    outcome(liar)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
