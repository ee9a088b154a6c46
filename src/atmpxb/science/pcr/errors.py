"""The exception of quantitative PCR."""

from atmpxb.notes import Noted


class PcrError(Noted, ValueError):
    """Curves or standards do not allow what is asked, e.g. ``pcr.few_standards``."""
