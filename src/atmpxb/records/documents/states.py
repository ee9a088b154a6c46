"""How a version of a document may move: one table, drawn into ``docs/states.md``."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.records.ledger.transitions import Table, move_by


class VersionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    EFFECTIVE = "effective", _("Effective")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


#: event → (states it may happen in, state it leads to)
TRANSITIONS: Table = {
    "document.made_effective": (frozenset({"draft"}), "effective"),
    "document.superseded": (frozenset({"effective"}), "superseded"),
    "document.withdrawn": (frozenset({"draft", "effective"}), "withdrawn"),
}

#: States from which a version can be taken out of use.
WITHDRAWABLE = TRANSITIONS["document.withdrawn"][0]


def move[V: models.Model](version: V, event: str, **fields: Any) -> V:
    """Move a version by an event of the table.

    Raises:
        NotPossibleNow: the event is not allowed in the state that the version, freshly locked, is in.
    """
    return move_by(TRANSITIONS, "document", version, event, **fields)
