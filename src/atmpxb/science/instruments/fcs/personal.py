"""Keywords of an FCS file that look like a patient. Reported, never rewritten."""

import re

from atmpxb.science.instruments.fcs.structure import FcsFile
from atmpxb.science.personal import Holds, holds_of, looks_personal, sex_and_age

_YEAR = re.compile(r"(?:19|20)\d\d")
_EMPTY = frozenset({"", "NA", "N/A", "NONE", "UNKNOWN", "-", "-1"})


def personal_places(file: FcsFile) -> tuple[tuple[str, str], ...]:
    """Keywords that look like a person, and like what; never the value."""
    told = {key: text for key, value in file.keywords.items() if (text := value.strip()).upper() not in _EMPTY}
    year = _YEAR.search(file.keyword("$BEGINDATETIME") or file.keyword("$DATE"))  # some write two digits: unknown
    measured = int(year[0]) if year else None
    found = [(key, what) for key, text in told.items() if (what := _looks_like(key, text, measured))]
    pair = sex_and_age(told)
    return (*found, (pair, "sex and age")) if pair else tuple(found)


def _looks_like(key: str, text: str, measured: int | None) -> str:
    holds = holds_of(key)
    if holds is Holds.CODE and "FIL" in key.upper():
        text = re.split(r"[/\\]", text)[-1]  # folders belong to the computer, not to the sample
    return looks_personal(text, holds, measured)
