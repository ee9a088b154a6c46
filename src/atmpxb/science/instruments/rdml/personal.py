"""Places of an RDML file that look like a patient. Reported, never rewritten."""

import re
from collections.abc import Iterator

from atmpxb.science.instruments.rdml.model import RdmlFile
from atmpxb.science.personal import Holds, holds_of, looks_personal

_YEAR = re.compile(r"(?:19|20)\d\d")
#: What the reader has no place for and is no text of a person: sequences, machine settings.
_MACHINE = ("/sequences/", "/thermalCyclingConditions", "/amplificationEfficiency", "/target[", "/dye", "MD5Hash")


def personal_places(file: RdmlFile) -> tuple[tuple[str, str], ...]:
    """Places that look like a person, and like what; never the text itself."""
    year = _YEAR.search(next((run.date for _, run in file.runs() if run.date), file.made))
    measured = int(year[0]) if year else None
    found = ((where, looks_personal(text, holds, measured)) for where, text, holds in _texts(file))
    return tuple(dict.fromkeys((where, what) for where, what in found if what))


def _texts(file: RdmlFile) -> Iterator[tuple[str, str, Holds]]:
    for _, text in file.documentation:
        yield "documentation", text, Holds.TEXT
    for number, sample in enumerate(file.samples, start=1):
        yield f"sample[{number}]/id", sample.id, Holds.CODE
        yield f"sample[{number}]/description", sample.description, Holds.CODE
    for experiment, run in file.runs():
        yield "experiment/id", experiment.id, Holds.CODE
        yield "experiment/description", experiment.description, Holds.TEXT
        yield "run/id", run.id, Holds.CODE
        yield "run/description", run.description, Holds.TEXT
        for react in run.reacts:
            for data in react.data:
                yield f"{react.well}/note", data.note, Holds.TEXT
                yield f"{react.well}/excl", data.excluded or "", Holds.TEXT
    names: dict[str, str] = {}
    for entry in file.unread:
        if any(part in entry.path for part in _MACHINE):
            continue
        where = re.sub(r"\[[^\]]*\]", "", entry.path)  # ids in brackets are what people typed
        if entry.path.endswith("/annotation/property"):
            names[entry.path.rpartition("/")[0]] = entry.text
        yield where, entry.text, _holds(entry.path, names)


def _holds(path: str, names: dict[str, str]) -> Holds:
    """Who measured is staff; an annotation says in its property what its value is."""
    if "/experimenter" in path:
        return Holds.STAFF
    if path.endswith("/annotation/value"):
        said = holds_of(names.get(path.rpartition("/")[0], ""))
        return Holds.CODE if said is Holds.OTHER else said
    if path.endswith(("/quantity/value", "/quantity/unit")):
        return Holds.TECHNICAL
    return Holds.TEXT if path.endswith(("/note", "/description")) else Holds.OTHER
