"""Columns and lines of a counter's export that look like a patient. Reported, never rewritten."""

import re

from atmpxb.notes import Fact
from atmpxb.science.instruments.counters.export import CounterExport
from atmpxb.science.personal import Holds, holds_of, looks_personal, sex_and_age

_YEAR = re.compile(r"(?:19|20)\d\d")


def personal_places(export: CounterExport) -> tuple[tuple[Fact, str, str], ...]:
    """Where, which column, and what it looks like; never the text itself."""
    found: list[tuple[Fact, str, str]] = []
    for count in export.counts:
        year = _YEAR.search(count.acquired_at)
        measured = int(year[0]) if year else None
        fields = [("sample", count.sample, Holds.CODE), ("cell type", count.cell_type, Holds.TEXT)]
        fields += [("operator", count.operator, Holds.STAFF)]
        fields += [(name, text, holds_of(name)) for name, text in {**count.unread, **count.unreadable}.items()]
        found += [
            (count.where, name, what) for name, text, holds in fields if (what := looks_personal(text, holds, measured))
        ]
        if pair := sex_and_age(count.unread):
            found.append((count.where, pair, "sex and age"))
    for name, text in {"run": export.run, **export.header}.items():
        if what := looks_personal(text, holds_of(name)):
            found.append(("", name, what))
    return tuple(found)
