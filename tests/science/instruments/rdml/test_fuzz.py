"""Whatever bytes come, the reader answers with a structure or with RdmlError, never with anything else."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.science.instruments.rdml import RdmlError, RdmlFile, read
from atmpxb.science.simulate.pcr import PlateDesign, simulate_plate

SMALL = PlateDesign(samples={"S": 1.0}, standards=(1e4, 1e3), replicates=1, cycles=14)
ARCHIVE = simulate_plate(1, SMALL)[0]

PIECES = [
    "<rdml xmlns='http://www.rdml.org' version='1.3'>", "</rdml>", "<sample id='S'>", "</sample>",
    "<type>std</type>",
    "<target id='T'>", "</target>", "<experiment id='E'>", "</experiment>", "<run id='R'>", "</run>",
    "<react id='1'>", "</react>", "<sample id='S'/>", "<data>", "</data>", "<tar id='T'/>", "<cq>nan</cq>",
    "<adp><cyc>1</cyc><fluor>2</fluor></adp>", "<adp/>",
    "<pcrFormat><rows>-1</rows><columns>1</columns></pcrFormat>",
    "<quantity><value>x</value></quantity>", "<excl/>", "&amp;", "<!--c-->", "<?p i?>", "text",
]  # fmt: skip


def answer(data: bytes) -> RdmlFile | RdmlError:
    try:
        return read(data)
    except RdmlError as refusal:
        return refusal


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    for found in (answer(data), answer(data + b"<")):
        assert isinstance(found, RdmlFile) or found.code.startswith("rdml.")
    answer(b"PK\x03\x04" + data)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_shuffled_xml(pieces: list[str]) -> None:
    answer(("<rdml xmlns='http://www.rdml.org' version='1.3'>" + "".join(pieces) + "</rdml>").encode())


def test_a_thousand_damaged_archives() -> None:
    generator = random.Random(20)
    refused = 0
    for _ in range(1000):
        data = bytearray(ARCHIVE)
        for _ in range(generator.randint(1, 3)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        refused += isinstance(answer(bytes(data)), RdmlError)
        answer(bytes(data[: generator.randrange(len(data))]))
    assert refused > 800, "the checksum of the archive catches nearly every change"
