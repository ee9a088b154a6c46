"""Notes in the reader's language, by the message catalogues of the pages."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils.translation import get_language, gettext, override

from atmpxb.notes import Voice, say
from atmpxb.quality.assays.seam import Repair
from atmpxb.quality.certificate.wording import decimal


def said(fact: object, language: str = "") -> str:
    """A note (or what may stand in one) as text; in the language of the request where none is named."""
    if not fact:
        return ""
    language = (language or get_language() or "en")[:2]
    return say(fact, voice(language))


def problem_of(problem: Mapping[str, Any]) -> str:
    """Why a file or an analysis is not used: the note among what its row keeps; empty where there is none."""
    return said(problem) if "text" in problem else ""


def repair_texts(repair: Repair, language: str = "") -> tuple[str, str]:
    """Where a repair was made, and what was done to which text or number."""
    language = (language or get_language() or "en")[:2]
    return repair.told(voice(language))


def voice(language: str) -> Voice:
    """How notes are told in a language, whatever that of the request is."""
    return Voice(language, partial(_translated, language), partial(decimal, language=language))


def _translated(language: str, template: str) -> str:
    # The catalogue answers an empty sentence with its own header.
    with override(language):
        return gettext(template) if template else ""


def writes_commas() -> bool:
    """Whether the reader's language writes decimals with a comma."""
    return (get_language() or "").startswith("nl")
