"""Texts that look like a person: names, birth dates, national numbers. Patients appear as pseudonyms only."""

import re

from atmpxb.science.instruments.rdml import RdmlFile

_WORDS = re.compile(
    r"\b(patient|patiënt|donor name|surname|first name|date of birth|dob|born|geboren|geboortedatum|naam|"
    r"mevrouw|mevr|dhr|mrs|mr)\b",
    re.IGNORECASE,
)
_NATIONAL = re.compile(r"\b\d{2}[.]?\d{2}[.]?\d{2}[- ]?\d{3}[.]?\d{2}\b")
_DATE = re.compile(r"\b(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d{2}|(?:19|20)\d{2}[/.-]\d{1,2}[/.-]\d{1,2})\b")
_COMMA_NAME = re.compile(r"\b[A-ZÀ-Þ][a-zà-ÿ'-]{1,}, ?[A-ZÀ-Þ][a-zà-ÿ'-]+\b")
_NAME = re.compile(
    r"^\s*[A-ZÀ-Þ][a-zà-ÿ'-]{1,}(?: (?:van|von|de|der|den|ter|ten|la|le))* [A-ZÀ-Þ][a-zà-ÿ'-]{2,}\s*$"
)
#: Laboratory words that come capitalised in pairs and are no names.
_LABORATORY = frozenset(
    {
        "sample", "standard", "control", "curve", "positive", "negative", "blank", "water", "template",
        "reference", "target", "vector", "pool", "plate", "run", "test", "assay", "dilution", "series",
        "calibrator", "unknown", "experiment", "genomic", "cells", "cell", "data", "simulated", "wells",
        "all", "own", "mix", "high", "low", "medium", "buffer", "extraction", "replicate", "quality",
        "spike", "example",
    }
)  # fmt: skip


def looks_personal(text: str) -> str:
    """What a text looks like, in words, or ``""``.

    >>> looks_personal("patient 4"), looks_personal("STD-1"), looks_personal("Standard Curve")
    ('words about a person', '', '')
    """
    if _NATIONAL.search(text):
        return "national number"
    if _WORDS.search(text):
        return "words about a person"
    if _DATE.search(text):
        return "date, perhaps of birth"
    words = re.findall(r"[^\W\d_]+", text.lower())
    if (_COMMA_NAME.search(text) or _NAME.match(text)) and not _LABORATORY & set(words):
        return "name"
    return ""


def personal_texts(file: RdmlFile) -> tuple[tuple[str, str], ...]:
    """Places in a file that look personal, and what they look like. Never the text itself."""
    texts: list[tuple[str, str]] = [("documentation", text) for _, text in file.documentation]
    for number, sample in enumerate(file.samples, start=1):
        texts += [(f"sample[{number}]/id", sample.id), (f"sample[{number}]/description", sample.description)]
    for experiment, run in file.runs():
        texts += [("experiment/id", experiment.id), ("experiment/description", experiment.description)]
        texts += [("run/id", run.id), ("run/description", run.description)]
        for react in run.reacts:
            texts += [(f"{react.well}/note", data.note) for data in react.data]
            texts += [(f"{react.well}/excl", data.excluded or "") for data in react.data]
    # Annotations and notes that the reader does not use are searched as well; staff and sequences are no
    # patients.
    texts += [
        (entry.path, entry.text)
        for entry in file.unread
        if "/annotation" in entry.path or entry.path.endswith(("/note", "/description"))
    ]
    found = ((where, looks_personal(text)) for where, text in texts)
    return tuple(dict.fromkeys((where, kind) for where, kind in found if kind))
