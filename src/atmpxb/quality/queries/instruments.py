"""The instruments whose files the laboratory accepts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from atmpxb.quality.assays import registry
from atmpxb.quality.models import Equipment, RunFile
from atmpxb.records.people.actor import Actor


@dataclass(frozen=True, slots=True)
class Instrument:
    """A registered instrument."""

    code: str
    name: str
    kind: dict[str, str]
    serial: str
    qualified_until: datetime | None
    qualified: bool
    files: int
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A serial number that stood in a file and that nobody registered."""

    serial: str
    files: int


def kind_titles() -> dict[str, dict[str, str]]:
    """What each kind of test is called."""
    return {kind.code: dict(kind.title) for kind in registry.kinds()}


def instruments(actor: Actor, now: datetime) -> tuple[Instrument, ...]:
    """All instruments of the actor's laboratory, by code."""
    mine = Equipment.objects.filter(organisation_id=actor.organisation_id).order_by("code")
    used: dict[Any, tuple[int, datetime]] = {
        row["equipment"]: (row["files"], row["last"])
        for row in RunFile.objects.filter(organisation_id=actor.organisation_id)
        .exclude(equipment=None)
        .order_by()
        .values("equipment")
        .annotate(files=Count("pk"), last=Max("attached_at"))
    }
    titles = kind_titles()
    return tuple(
        Instrument(
            code=one.code,
            name=one.name,
            kind=titles.get(one.kind, {"en": one.kind}),
            serial=one.serial,
            qualified_until=one.qualified_until,
            qualified=one.qualified_until is None or one.qualified_until > now,
            files=used[one.pk][0] if one.pk in used else 0,
            last_used=used[one.pk][1] if one.pk in used else None,
        )
        for one in mine
    )


def unknown(actor: Actor) -> tuple[Unknown, ...]:
    """Serial numbers that hold files in quarantine."""
    rows = (
        RunFile.objects.filter(
            organisation_id=actor.organisation_id,
            state="quarantined",
            problem__code="file.unknown_instrument",
        )
        .order_by()
        .values_list("problem__facts__serial")
        .annotate(files=Count("pk"))
    )
    known = set(Equipment.objects.filter(organisation_id=actor.organisation_id).values_list("serial", flat=True))
    return tuple(Unknown(serial, files) for serial, files in rows if serial not in known)
