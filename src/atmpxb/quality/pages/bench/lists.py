"""Filters of a list as chips in sight: they live in the address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.translation import gettext as _


def chips_of(
    here: str, states: type[TextChoices], counts: Mapping[str, int], active: str
) -> list[dict[str, Any]]:
    """A chip for every state that occurs, and one for all."""
    everything = {"title": _("All"), "url": here, "active": not active, "count": sum(counts.values())}
    return [everything] + [
        {
            "title": str(state.label),
            "url": f"{here}?{urlencode({'state': state.value})}",
            "active": state.value == active,
            "count": counts[state.value],
        }
        for state in states
        if counts.get(state.value)
    ]
