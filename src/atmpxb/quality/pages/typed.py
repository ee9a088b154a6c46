"""What people type is screened before it is recorded for ever: the first time a form is sent, it warns.

Notes and reasons may name people rightly (a driver, a colleague), so the same words sent a second time are recorded.
"""

from hashlib import sha256

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from atmpxb.quality.pages.refusals import Refusal
from atmpxb.records.people.actor import Actor
from atmpxb.science.personal import PERHAPS, Holds, looks_personal

#: Fields of forms that take words of people.
FREE_TEXT = ("reason", "note", "text", "condition", "hold_reason", "value", "wells")
LOOKS = {
    "name": gettext_lazy("a person's name"),
    "birth date": gettext_lazy("a birth date"),
    "national number": gettext_lazy("a national number"),
    PERHAPS: gettext_lazy("a national number"),
    "e-mail address": gettext_lazy("an e-mail address"),
    "bank account": gettext_lazy("a bank account"),
}
_REMEMBERED = 900  # seconds


def warnings(request: HttpRequest, actor: Actor) -> tuple[Refusal, ...]:
    """One row for each typed text that looks like a person and was not sent before; empty when it may be recorded."""
    found = []
    for field in FREE_TEXT:
        text = request.POST.get(field, "")
        looks = looks_personal(text, Holds.NOTE)
        # The text itself stays out of the cache: only whether this person was told about these words.
        told = f"told:{actor.person_id}:{sha256(f'{request.path}\0{field}\0{text}'.encode()).hexdigest()}"
        if looks and cache.add(told, 1, timeout=_REMEMBERED):
            found.append(
                Refusal(
                    _("What you typed looks like %(looks)s. A record can't be erased.") % {"looks": LOOKS[looks]},
                    _("Say it with a code. If it names no patient and belongs here, send the form again as it is."),
                    status=409,
                )
            )
    return tuple(found)
