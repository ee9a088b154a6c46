"""RDML, the open exchange format of quantitative PCR: ``read(bytes)`` and ``write(RdmlFile)``."""

from .model import (
    RULES,
    SAMPLE_TYPES,
    Data,
    Dye,
    Experiment,
    Identifier,
    Mended,
    PlateFormat,
    Quantity,
    RdmlError,
    RdmlFile,
    React,
    Run,
    Sample,
    SampleType,
    Target,
    Unread,
)
from .personal import personal_places
from .reader import read
from .writer import write

__all__ = [
    "RULES",
    "SAMPLE_TYPES", "Data", "Dye", "Experiment", "Identifier", "Mended", "PlateFormat", "Quantity",
    "RdmlError", "RdmlFile", "React", "Run", "Sample", "SampleType", "Target", "Unread", "personal_places",
    "read", "write",
]  # fmt: skip
