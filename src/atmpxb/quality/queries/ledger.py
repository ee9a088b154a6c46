"""The organisation's chain for its people: newest first, filtered; one entry; checkpoints; export."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.functions import Cast

from atmpxb.quality.queries.events import event_words
from atmpxb.records.ledger import checkpoint as checkpoints
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Organisation

PAGE = 50
EXPORT = 1000
SCHEMA = "atmpxb.chain/1"


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the chain is shown. ``subject`` is the identifier of a record; days count in UTC."""

    event: str = ""
    person: UUID | None = None
    subject: UUID | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None  # entries with a lower number

    def __bool__(self) -> bool:
        return any((self.event, self.person, self.subject, self.since, self.until))


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a list shows it."""

    seq: int
    event: str
    words: str
    at: datetime
    who: str
    noun: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """A column that an entry changed, as it was and became."""

    noun: str
    id: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One entry with everything it holds, and the other entries of the same transaction."""

    line: Line
    roles: tuple[str, ...]
    software: str
    transaction: str
    facts: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    files: tuple[str, ...]
    happened_at: datetime | None
    hash: str
    prev: str
    together: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of the chain, and where the next, older one begins."""

    lines: tuple[Line, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A checkpoint: whose chain, how far it reached, under which key it is signed, when it came in."""

    organisation: str
    seq: int
    root: str
    at: datetime
    key_id: str
    received_at: datetime


def lines(actor: Actor, filters: Filters) -> Lines:
    """Entries of the actor's organisation, newest first, one page."""
    wanted: dict[str, Any] = {}
    if filters.event:
        wanted["event"] = filters.event
    if filters.person:
        wanted["content_json__actor__person"] = str(filters.person)
    if filters.subject:
        wanted["subject"] = filters.subject
    if filters.since:
        wanted["content_json__at__gte"] = f"{filters.since:%Y-%m-%d}"
    if filters.until:
        wanted["content_json__at__lt"] = f"{filters.until:%Y-%m-%d}~"
    found = _entries(actor).filter(**wanted)
    if filters.before:
        found = found.filter(seq__lt=filters.before)
    shown = list(found.order_by("-seq")[: PAGE + 1])
    return Lines(tuple(_line(entry) for entry in shown[:PAGE]), shown[PAGE - 1].seq if len(shown) > PAGE else None)


def _entries(actor: Actor) -> "QuerySet[Any]":  # annotated: the checker knows no field content_json
    text = Func(F("payload"), Value("UTF8"), function="convert_from", output_field=TextField())
    return LedgerEntry.objects.filter(organisation_id=actor.organisation_id).annotate(
        content_json=Cast(text, JSONField())
    )


def entry(actor: Actor, seq: int) -> EntryPage:
    """One entry.

    Raises:
        LedgerEntry.DoesNotExist: the chain is not that long.
    """
    found = LedgerEntry.objects.get(organisation_id=actor.organisation_id, seq=seq)
    content = found.content
    happened = content.get("happened_at")
    same: dict[str, Any] = {"content_json__transaction": content["transaction"]}
    near = _entries(actor).filter(seq__gt=seq - EXPORT, seq__lt=seq + EXPORT, **same)
    return EntryPage(
        _line(found),
        tuple(content["actor"]["roles"]),
        str(content["software"]),
        str(content["transaction"]),
        tuple((name, _text(value)) for name, value in sorted(content.get("facts", {}).items())),
        tuple(_changes(content.get("rows", ()))),
        tuple(content.get("files", ())),
        datetime.fromisoformat(happened) if happened else None,
        bytes(found.hash).hex(),
        bytes(found.prev).hex(),
        tuple(one for one in near.order_by("seq").values_list("seq", flat=True) if one != seq),
    )


def _line(entry: LedgerEntry) -> Line:
    content = entry.content
    return Line(
        entry.seq,
        str(content["event"]),
        event_words(content["event"]),
        datetime.fromisoformat(content["at"]),
        str(content["actor"]["name"]),
        noun(str(content["subject"]["table"])),
        str(content["subject"]["id"]),
        str(content.get("reason", "")),
    )


def _changes(rows: Any) -> Iterator[Change]:
    for row in rows:
        before, after = row.get("before", {}), row.get("after", {})
        for column in after:
            if column in before or (
                column not in ("id", "organisation_id") and after[column] not in ("", None, {}, [])
            ):
                yield Change(
                    noun(row["table"]), str(row["id"]), column.removesuffix("_id").replace("_", " "),
                    _text(before[column]) if column in before else "", _text(after[column]),
                )  # fmt: skip


def _text(value: Any) -> str:
    text = "" if value in (None, {}, []) else value if isinstance(value, str) else canonical(value).decode()
    return text if len(text) <= 400 else f"{text[:400]} …"


def noun(table: str) -> str:
    """The name of a table's records, e.g. ``run file`` for ``quality_runfile``."""
    for model in apps.get_models():
        if model._meta.db_table == table:
            return str(model._meta.verbose_name)
    return table


def people(actor: Actor) -> tuple[tuple[UUID, str], ...]:
    """Who holds or held a role in the actor's organisation, by name."""
    found = Membership.objects.filter(organisation_id=actor.organisation_id).values_list("person_id", "person__name")
    return tuple(sorted(set(found), key=lambda person: person[1]))


def own_checkpoints(actor: Actor) -> tuple[Statement, ...]:
    """The newest checkpoints of the organisation's own chain."""
    return _statements(
        StoredCheckpoint.objects.filter(
            witness_id=actor.organisation_id, organisation_id=actor.organisation_id
        ).order_by("-seq")[:20]
    )


def witnessed_checkpoints(actor: Actor) -> tuple[Statement, ...]:
    """The newest checkpoint of each partner that this organisation keeps for it."""
    return _statements(
        StoredCheckpoint.objects.filter(witness_id=actor.organisation_id)
        .exclude(organisation_id=actor.organisation_id)
        .order_by("organisation_id", "-seq")
        .distinct("organisation_id")
    )


def _statements(found: QuerySet[StoredCheckpoint]) -> tuple[Statement, ...]:
    rows = list(found)
    names = dict(Organisation.objects.filter(pk__in={row.organisation_id for row in rows}).values_list("pk", "name"))
    read = [(row, checkpoints.parse(bytes(row.payload))) for row in rows]
    return tuple(
        Statement(
            names[row.organisation_id],
            row.seq,
            statement.merkle_root.hex(),
            statement.at,
            row.key_id,
            row.received_at,
        )
        for row, statement in read
    )


def export(actor: Actor) -> Iterator[bytes]:
    """The whole chain as lines of JSON: a head, every entry with its exact payload, every own checkpoint.

    Read in portions, each in its own short transaction, so that a slow reader holds nothing up; what is
    appended meanwhile may be in it or not, and the chain tells which.
    """
    yield canonical({"schema": SCHEMA, "organisation": str(actor.organisation_id)}) + b"\n"
    last = 0
    while True:
        with acting_for(actor.organisation_id, actor.person_id):
            portion = list(
                LedgerEntry.objects.filter(organisation_id=actor.organisation_id, seq__gt=last).order_by("seq")[:EXPORT]
            )
        for one in portion:
            yield _entry_line(one)
        if len(portion) < EXPORT:
            break
        last = portion[-1].seq
    with acting_for(actor.organisation_id, actor.person_id):
        kept = list(
            StoredCheckpoint.objects.filter(
                witness_id=actor.organisation_id, organisation_id=actor.organisation_id
            ).order_by("seq")
        )
    for statement in kept:
        yield _checkpoint_line(statement)


def witnessed(actor: Actor) -> Iterator[bytes]:
    """Every checkpoint of partners that this organisation keeps, as lines: a witness for ``atmpxb verify``."""
    kept = StoredCheckpoint.objects.filter(witness_id=actor.organisation_id).exclude(
        organisation_id=actor.organisation_id
    )
    for statement in kept.order_by("organisation_id", "seq"):
        yield _checkpoint_line(statement)


def _entry_line(entry: LedgerEntry) -> bytes:
    return (
        canonical(
            {
                "seq": entry.seq,
                "payload": bytes(entry.payload).decode(),
                "prev": bytes(entry.prev).hex(),
                "hash": bytes(entry.hash).hex(),
            }
        )
        + b"\n"
    )


def _checkpoint_line(statement: StoredCheckpoint) -> bytes:
    return (
        canonical(
            {
                "checkpoint": base64.b64encode(bytes(statement.payload)).decode(),
                "key_id": statement.key_id,
                "signature": base64.b64encode(bytes(statement.signature)).decode(),
            }
        )
        + b"\n"
    )
