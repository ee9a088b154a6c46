"""Times as people type them: what a clock on the wall shows, in a zone that is said; none is guessed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _

_FORMAT = "%Y-%m-%dT%H:%M"
_YEARS = (1990, 2200)  # of times that a batch can have


class WallClock(forms.CharField):
    """A date and time as a clock on the wall shows it, without a zone; cleaned to a naive datetime.

    >>> WallClock(label="Made").clean("2026-11-20T09:30")
    datetime.datetime(2026, 11, 20, 9, 30)
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"type": "datetime-local"}))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """Read the time. Raises ValidationError for anything else."""
        text = super().clean(value)
        if not text:
            return None
        try:
            wall = datetime.strptime(text[:16].replace(" ", "T"), _FORMAT)  # noqa: DTZ007 - the form's zone is put on
        except ValueError:
            raise forms.ValidationError(_("Write the time as 2026-11-20 09:30")) from None
        if not _YEARS[0] <= wall.year <= _YEARS[1]:
            raise forms.ValidationError(_("The year lies outside %(first)d to %(last)d: check it")
                                        % {"first": _YEARS[0], "last": _YEARS[1]})  # fmt: skip
        return wall


def moment(wall: datetime, zone: str) -> datetime:
    """A wall-clock time in a zone.

    Raises:
        ValidationError: the clock never showed it (summer time began) or showed it twice (summer time ended).
    """
    place = ZoneInfo(zone)
    early, late = (wall.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise forms.ValidationError(
            _("The clock in %(zone)s changes in that hour: give this time in UTC instead") % {"zone": zone}
        )
    return early
