"""The words and number forms of a printed certificate, in English and Dutch.

Print and screen take them from here.
"""

import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from atmpxb.quality.assays.pictures import commas
from atmpxb.quality.certificate.record import Result, TestLine

VERDICTS = {
    "en": {
        "complies": "Complies",
        "does_not_comply": "Does not comply",
        "undetermined": "Undetermined",
        "reported": "For information",
        "pending": "Pending",
        "not_tested": "Not tested",
    },
    "nl": {
        "complies": "Voldoet",
        "does_not_comply": "Voldoet niet",
        "undetermined": "Niet te bepalen",
        "reported": "Ter informatie",
        "pending": "Nog niet bekend",
        "not_tested": "Niet getest",
    },
}
#: What a signature under a certificate means.
MEANINGS = {
    "performed": {"en": "Performed the test", "nl": "Heeft de test uitgevoerd"},
    "checked": {"en": "Checked the entry", "nl": "Heeft de invoer gecontroleerd"},
    "reviewed": {"en": "Reviewed", "nl": "Heeft beoordeeld"},
    "approved": {"en": "Approved", "nl": "Heeft goedgekeurd"},
}
INTERIM = {"en": "INTERIM", "nl": "VOORLOPIG · INTERIM"}

#: Blocks that the document's fonts cover; other characters are printed by their code point, never dropped.
_COVERED = re.compile(
    "[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u03ff\u0400-\u0482\u048a-\u04ff"
    "\u1e00-\u1eff\u2010-\u2027\u2030-\u2040\u2044\u2070-\u2071\u2074-\u208e\u20a0-\u20bf\u2190-\u21ff\u2200-\u22ff]"
)


#: A number and the power of ten of its unit: on paper they are multiplied.
_TIMES = re.compile(r"(\d) 10\^")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def printable(text: str) -> str:
    """A text as the pages can show it: every character that they can't is written as its code point.

    >>> printable("lot 中\\u202e7")
    'lot [U+4E2D][U+202E]7'
    """
    shown = []
    for character in unicodedata.normalize("NFC", text):
        known = _COVERED.match(character) and unicodedata.category(character) != "Cn"
        shown.append(character if known else " " if character in "\n\t\r" else f"[U+{ord(character):04X}]")
    return "".join(shown)


def decimal(text: str, language: str) -> str:
    """Decimal text with the comma of Dutch, digits untouched; words stay as they are.

    >>> decimal("-1234.50", "nl"), decimal("1.2E6", "nl"), decimal("v1.2b", "nl")
    ('-1234,50', '1,2E6', 'v1.2b')
    """
    if language == "nl" and re.fullmatch(r"[<>≤≥]? ?[+-]?\d+\.\d+([eE][+-]?\d+)?", text):
        return text.replace(".", ",")
    return text


def localised(text: str, language: str) -> str:
    """A criterion, observation or caption: units with raised powers, numbers in it with the comma of Dutch.

    >>> localised("≥ 0.98 10^6 cells/mL, file_1.2.fcs", "nl")
    '≥ 0,98 × 10⁶ cells/mL, file_1.2.fcs'
    """
    text = unit(_TIMES.sub(r"\1 × 10^", text))
    if language != "nl":
        return text
    return commas(text)


def unit(text: str) -> str:
    """A unit as printed: powers of ten raised.

    >>> unit("10^6 cells/mL"), unit("10^-3 IU")
    ('10⁶ cells/mL', '10⁻³ IU')
    """
    return re.sub(r"10\^(-?\d+)", lambda power: "10" + power[1].translate(_RAISED), text)


def utc(text: str) -> str:
    """A recorded time as printed: ``2026-11-20 09:30 UTC``; seconds are printed where they are not zero."""
    at = datetime.fromisoformat(text)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def local(text: str, zone: str) -> str:
    """A recorded time in a zone with the zone's abbreviation, and in UTC behind it."""
    at = datetime.fromisoformat(text)
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z} ({at:%H:%M} UTC)" if zone else utc(text)


def shown_result(result: Result, language: str) -> str:
    """A result without its unit as the table prints it; a dash where the data allowed none."""
    if result.shown:
        return printable(result.shown[language])
    return "—" if result.reported is None else printable(decimal(result.reported, language))


def shown_limit(line: TestLine, language: str) -> str:
    """The acceptance limit as the table prints it."""
    return printable(unit(_TIMES.sub(r"\1 × 10^", line.limit.text.get(language, "")))) or "—"
