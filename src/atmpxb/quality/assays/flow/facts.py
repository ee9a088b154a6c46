"""What an FCS file says of itself: instrument, samples, time, and whether it seems to name a patient."""

import re

from atmpxb.quality.assays.seam import FileFacts
from atmpxb.science.instruments.fcs import FcsFile

SERIALS = ("$CYTSN", "CYTNUM", "@CYTOMETERID", "CYTOMETER ID")
SAMPLES = (
    "$SMNO",
    "SAMPLE ID",
    "SAMPLEID",
    "SAMPLE_NAME",
    "@SAMPLEID1",
    "@SAMPLEID2",
    "TUBE NAME",
    "TUBENAME",
    "TUBE_NAME",
)
RUNS = ("EXPERIMENT NAME", "EXPERIMENT_NAME", "$PLATENAME", "PLATE NAME", "$RUNNUMBER", "GUID")

#: Keywords about the person whose cells these are. Operators and investigators ($OP, $EXP) are staff, not
#: patients.
_ABOUT_A_PERSON = re.compile(r"PATIENT|SUBJECT|DONOR|(?<![A-Z])DOB(?![A-Z])|BIRTH|GEBOORTE|^\$SRC$")
_BIRTH_KEY = re.compile(r"(?<![A-Z])DOB(?![A-Z])|BIRTH|GEBOORTE")
_BIRTH_WORD = re.compile(r"\b(dob|date of birth|born|geboren|geb\.)", re.IGNORECASE)
_REGISTER = re.compile(r"(?<!\d)\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?!\d)")  # Belgian national register number
_DATE = re.compile(
    r"(?<!\d)(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}|\d{8})(?!\d)"
)
_TITLE = re.compile(r"\b(mr|mrs|ms|mme|dhr|mevr|mw)\b\.? +[^\W\d_]", re.IGNORECASE)
_SURNAME_FIRST = re.compile(r"[^\W\d_][^\W\d_'’-]+(?: [^\W\d_][^\W\d_'’-]*)*, ?[^\W\d_][^\W\d_'’-]*\.?")
_PARTICLE = r"(?:van|de|der|den|ten|ter|von|le|la|el|di|da|do|dos|du)"
_FIRST_SURNAME = re.compile(rf"[^\W\d_]['’\w-]+(?: {_PARTICLE})* [^\W\d_]['’\w-]+", re.IGNORECASE)
#: Words of laboratories, not of families: a source "Peripheral Blood" is no person.
_NO_NAME = re.compile(
    r"default|unknown|anonym|pseudonym|untitled|specimen|sample|blood|marrow|cord|apheresis|cells?\b|product|control|tube|"
    r"plate|well|donor|patient|spleen|tissue|culture|beads?\b|batch|\d",
    re.IGNORECASE,
)


def facts_of(file: FcsFile) -> FileFacts:
    """Facts in the order of the file; all text verbatim."""
    begin, end = file.keyword("$BTIM").strip(), file.keyword("$ETIM").strip()
    date = file.keyword("$DATE").strip()
    return FileFacts(
        format="fcs",
        instrument_serial=_first(file, SERIALS),
        instrument_model=file.keyword("$CYT").strip(),
        acquired_at=file.keyword("$BEGINDATETIME").strip() or f"{date} {begin}".strip(),
        samples=tuple(dict.fromkeys(value for key in SAMPLES if _said(value := file.keyword(key).strip()))),
        run=_first(file, RUNS),
        personal=personal(file),
        summary={
            "version": f"FCS {file.version}",
            "events": str(len(file.events)),
            "channels": ", ".join(channel.label for channel in file.channels),
            "data_sets": str(file.datasets),
            "ended": end,
            "spillover": file.spillover.source if file.spillover else "",
            "repairs": str(len(file.repairs)),
        },
    )


def personal(file: FcsFile) -> tuple[tuple[str, str], ...]:
    """Keywords whose value looks like a patient's name or birth date, and which; never the value."""
    found = []
    for key, value in file.keywords.items():
        upper, text = key.upper(), value.strip()
        if _said(text) and (what := _looks_like(upper, text)):
            found.append((key, what))
    return tuple(found)


def _looks_like(key: str, text: str) -> str:
    if _REGISTER.search(text):
        return "national register number"
    about_sample = key in SAMPLES or key in {"$COM", "$CELLS", "$PROJ", "$FIL"}
    if (_BIRTH_KEY.search(key) and _DATE.search(text)) or (
        (about_sample or _ABOUT_A_PERSON.search(key)) and _BIRTH_WORD.search(text) and _DATE.search(text)
    ):
        return "birth date"
    about_person = bool(_ABOUT_A_PERSON.search(key))
    if about_person and _DATE.fullmatch(text):
        return "birth date"
    if (about_sample or about_person) and _TITLE.search(text):
        return "name"
    if about_person and not _NO_NAME.search(text):
        named = "NAME" in key and bool(re.search(r"[^\W\d_]{2}", text))
        if named or _SURNAME_FIRST.fullmatch(text) or _FIRST_SURNAME.fullmatch(text):
            return "name"
    if about_sample and not _NO_NAME.search(text) and _SURNAME_FIRST.fullmatch(text):
        return "name"
    return ""


def _first(file: FcsFile, names: tuple[str, ...]) -> str:
    return next((value for name in names if _said(value := file.keyword(name).strip())), "")


def _said(value: str) -> bool:
    return value.upper() not in {"", "NA", "N/A", "NONE", "UNKNOWN", "-", "-1"}
