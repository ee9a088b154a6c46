"""Flow Cytometry Standard files, versions 2.0 to 3.2: see README.md."""

from atmpxb.science.instruments.fcs.linear import linearise, linearise_column
from atmpxb.science.instruments.fcs.personal import personal_places
from atmpxb.science.instruments.fcs.reader import read
from atmpxb.science.instruments.fcs.repairs import RULES
from atmpxb.science.instruments.fcs.structure import Channel, FcsError, FcsFile, Repair, SpilloverMatrix
from atmpxb.science.instruments.fcs.writer import write

__all__ = [
    "RULES",
    "Channel",
    "FcsError",
    "FcsFile",
    "Repair",
    "SpilloverMatrix",
    "linearise",
    "linearise_column",
    "personal_places",
    "read",
    "write",
]
