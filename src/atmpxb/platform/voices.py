"""The language of a terminal: which one a person reads, and notes told in it without the framework of the pages."""

import os
from collections.abc import Mapping
from functools import partial
from gettext import GNUTranslations

from atmpxb.notes import ENGLISH, Voice
from atmpxb.quality.certificate.wording import decimal

LANGUAGES = ("en", "nl")


def of_terminal(environment: Mapping[str, str] = os.environ) -> str:
    """The language that the terminal asks for, as far as the product speaks it, else English.

    >>> of_terminal({"LANG": "nl_BE.UTF-8"}), of_terminal({"LANG": "nl_BE.UTF-8", "LC_ALL": "C"}), of_terminal({})
    ('nl', 'en', 'en')
    """
    wanted = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return wanted[:2] if wanted[:2] in LANGUAGES else "en"


def voice(language: str) -> Voice:
    """How notes are told in a language, by the catalogues of the pages."""
    if language == "en":
        return ENGLISH
    from atmpxb.platform import messages

    messages.compile_catalogues()
    with messages.path_of(language).with_suffix(".mo").open("rb") as stream:
        catalogue = GNUTranslations(stream)
    return Voice(language, lambda text: catalogue.gettext(text) if text else "", partial(decimal, language=language))
