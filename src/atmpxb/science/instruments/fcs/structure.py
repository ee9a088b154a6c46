"""What an FCS file holds once read: channels, keywords, events, and every repair that reading took."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atmpxb.notes import Fact, Noted

type Events = NDArray[np.floating[Any]]


class FcsError(Noted):
    """The bytes are not an FCS data set that can be read faithfully; e.g. ``fcs.truncated``."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One deviation from the standard that reading overcame, by a named rule (see ``RULES``)."""

    rule: str
    where: str
    before: str
    after: Fact


@dataclass(frozen=True, slots=True)
class Channel:
    """One parameter of the file.

    Attributes:
        name: ``$PnN``. stain: ``$PnS`` ("" if absent).
        bits: width of a stored value. range: ``$PnR``, None where absent or unreadable.
        gain: ``$PnG`` (1 if absent). decades, offset: ``$PnE`` (0, 0 for a linear amplifier).
        datatype: "I", "F" or "D" (``$PnDATATYPE`` of FCS 3.2, else ``$DATATYPE``).
    """

    name: str
    stain: str = ""
    bits: int = 32
    range: float | None = 262144.0
    gain: float = 1.0
    decades: float = 0.0
    offset: float = 0.0
    datatype: str = "F"

    @property
    def label(self) -> str:
        """Name with stain, as people write it: ``CD3 BV421-A``."""
        return f"{self.stain} {self.name}" if self.stain and self.stain != self.name else self.name


@dataclass(frozen=True, slots=True)
class SpilloverMatrix:
    """Spillover of dyes into detectors: ``rows[i][j]`` is the part of dye i seen by detector j (own "
    "detector 1).

    ``dyes`` names the compensated channels; it equals ``detectors`` in FCS files.
    """

    detectors: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    dyes: tuple[str, ...] = ()
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the compensated channels."""
        return self.dyes or self.detectors


@dataclass(frozen=True, slots=True, eq=False)
class FcsFile:
    """One data set of an FCS file.

    Attributes:
        events: shape (events, channels), stored column by column (``events[:, i]`` is contiguous). Raw scale:
            integers after their bit mask, before gain and log decoding. float32 where that holds every value
            exactly, else float64.
        keywords: TEXT as written, first occurrence of each keyword, in file order.
        sha256: of the whole file. dataset: index of this data set; datasets: how many the file holds.
        timestep: seconds per unit of the Time channel, None where absent or unreadable.
    """

    version: str
    channels: tuple[Channel, ...]
    events: Events
    keywords: Mapping[str, str]
    spillover: SpilloverMatrix | None
    repairs: tuple[Repair, ...]
    sha256: str
    dataset: int
    datasets: int
    timestep: float | None

    def keyword(self, name: str, default: str = "") -> str:
        """Value of a keyword; the case of keyword names has no meaning in FCS."""
        if name in self.keywords:
            return self.keywords[name]
        wanted = name.upper()
        return next((value for key, value in self.keywords.items() if key.upper() == wanted), default)
