"""What a field is for, by its name. Names differ from instrument to instrument, so words decide, not lists."""

import re
from collections.abc import Mapping

from atmpxb.science.personal.screen import Holds

_NOT = r"(?<![A-Z])"
_END = r"(?![A-Z])"
#: First match counts.
_WORDS = (
    (Holds.STAFF, r"OPERATOR|INVESTIGATOR|USER|LOGIN|MODIFIER|CREATOR|AUTHOR"
     r"|TECHNICIAN|ANALYST|PHYSICIAN|EXPERIMENTER"),
    (Holds.STAFF, rf"^\$OP$|^\$EXP$|{_NOT}OP{_END}"),
    (Holds.PERSON, r"PATIENT|SUBJECT|DONOR|BIRTH|GEBOORTE"
     r"|SURNAME|FIRST.?NAME|LAST.?NAME|FAMILY.?NAME|FULL.?NAME"),
    (Holds.PERSON, rf"{_NOT}(?:DOB|BSN|NISS|INSZ|MRN){_END}|RIJKSREGISTER|NATIONAL.?(?:NUMBER|ID)|^NA(?:ME|AM)$"
     r"|VOORNAAM|ACHTERNAAM"),
    (Holds.TECHNICAL, r"GUID|UUID|^\$?(?:CYT|SYS|INST|DATE|BTIM|ETIM|MODE|TR)$|SOFTWARE|VERSION|SETTINGS"
     r"|LASER|^\$P\d|^P\d|CREATED?$|DATE$|TIME$"),
    (Holds.CODE, r"SAMPLE|SMNO|TUBE|SPECIMEN|\$CELLS|\$PROJ|\$FIL$|FILENAME"
     r"|PLATE|WELL|EXPERIMENT|^\$SRC$|CASE|BARCODE|TAG"),
    (Holds.TEXT, r"COM$|COMMENT|NOTE|REMARK|DESCRIPTION|MEMO"),
)  # fmt: skip
_ORDER = tuple((holds, re.compile(words)) for holds, words in _WORDS)
_SEX = re.compile(rf"{_NOT}(?:SEX|GENDER|GESLACHT){_END}")
_AGE = re.compile(rf"{_NOT}(?:AGE|LEEFTIJD){_END}")


def holds_of(key: str) -> Holds:
    """What a keyword or column is for; an unknown one of a standard (``$…``) is technical, of a maker may be anything.

    >>> [str(holds_of(key)) for key in ("PATIENT ID", "TUBE NAME", "$OP", "$COM", "$ENDSTEXT")]
    ['person', 'code', 'staff', 'text', 'technical']
    """
    upper = key.strip().upper()
    for holds, words in _ORDER:
        if words.search(upper):
            return holds
    return Holds.TECHNICAL if upper.startswith("$") else Holds.OTHER


def sex_and_age(fields: Mapping[str, str]) -> str:
    """The fields that tell sex and age together, as one place; ``""`` where one of them is not filled in."""
    told = [key for key, text in fields.items() if text.strip()]
    sex = next((key for key in told if _SEX.search(key.upper())), "")
    age = next((key for key in told if _AGE.search(key.upper())), "")
    return f"{sex}, {age}" if sex and age else ""
