"""How anything is written: guard → change → record, in one transaction.

An action is a function with keyword arguments whose actor is explicit::

    @action("quality.receive_sample", roles={Role.ANALYST})
    def receive_sample(*, actor: Actor, order: Order, label: str) -> Sample:
        sample = create(Sample, order=order, label=label)
        record("sample.received", actor=actor, on=sample)
        return sample

``create`` and ``change`` are the only functions that write a business row; they note the row as it was and became,
and ``record`` puts the notes into the next entry. Just before the commit the entries are stamped and appended, in the
order of the organisations, so that two actions on the same two chains can't deadlock. What fails leaves nothing.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction
from psycopg.errors import UniqueViolation

from atmpxb import __version__
from atmpxb.records.identifiers import new_id
from atmpxb.records.ledger.canonical import canonical, digest, utc_text
from atmpxb.records.people.actor import Actor, Receipt

#: Version of the shape of an entry. Entries are never migrated; readers understand every version.
ENTRY_VERSION = 1


class NotPermitted(PermissionError):
    """The actor may not do this. ``cure`` says who could."""

    def __init__(self, permission: str, roles: Collection[str]) -> None:
        self.permission, self.roles = permission, tuple(sorted(roles))
        super().__init__(f"{permission} needs one of the roles {', '.join(self.roles)}")


class NothingRecorded(RuntimeError):
    """An action finished without a ledger entry, or left a changed row without one: a fault in the action."""


class Overtaken(Exception):
    """Somebody else wrote the same at the same moment and was first; nothing of this one is written."""


@dataclass
class _Pending:
    """What an action has written and said so far."""

    actor: Actor
    transaction: UUID = field(default_factory=new_id)
    rows: list[dict[str, Any]] = field(default_factory=list)
    entries: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)


_pending: ContextVar[_Pending | None] = ContextVar("pending", default=None)

#: Every action by its permission: the roles that may perform it. The matrix in the documentation is made from it.
PERMISSIONS: dict[str, frozenset[str]] = {}


def action[**P, T](permission: str, *, roles: Collection[str]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a verb an action: check the role, open the transaction for the actor's organisation, commit with entries.

    Raises:
        NotPermitted: the actor holds none of ``roles``.
        NothingRecorded: the verb wrote without recording.
    """
    PERMISSIONS[permission] = frozenset(str(role) for role in roles)

    def decorate(verb: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(verb)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            actor: Actor = kwargs["actor"]  # type: ignore[assignment]
            if not actor.holds(*PERMISSIONS[permission]):
                raise NotPermitted(permission, PERMISSIONS[permission])
            with recording(actor):
                return verb(*args, **kwargs)

        run.permission = permission  # type: ignore[attr-defined]
        return run

    return decorate


@contextmanager
def recording(actor: Actor) -> Iterator[None]:
    """One transaction for ``actor`` that commits business rows and ledger entries together, or neither."""
    pending = _Pending(actor)
    with transaction.atomic(durable=True):
        set_context(actor.organisation_id, actor.person_id)
        token = _pending.set(pending)
        try:
            yield
        finally:
            _pending.reset(token)
        if pending.rows or not pending.entries:
            raise NothingRecorded("an action must record what it wrote")
        receipts = _append(pending)
    actor.receipts.extend(receipts)


@contextmanager
def acting_for(organisation: UUID, person: UUID) -> Iterator[None]:
    """A transaction that can only read, as a person of an organisation."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        set_context(organisation, person)
        yield


def set_context(organisation: UUID, person: UUID) -> None:
    """Tell the database whose rows this transaction may touch; the setting ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.organisation', %s, true), set_config('app.person', %s, true)",
            [str(organisation), str(person)],
        )


def create[M: models.Model](model: type[M], **fields: Any) -> M:
    """Insert a row and note it for the next entry. The owning organisation is the actor's unless given.

    Raises:
        Overtaken: there is such a row since a moment ago.
    """
    pending = _require()
    if any(f.name == "organisation" for f in model._meta.concrete_fields) and "organisation_id" not in fields:
        fields.setdefault("organisation_id", pending.actor.organisation_id)
        if "organisation" in fields:
            del fields["organisation_id"]
    row = model(**fields)
    with _or_overtaken():
        row.save(force_insert=True)
    pending.rows.append({"table": model._meta.db_table, "id": str(row.pk), "after": state(row)})
    return row


def change[M: models.Model](row: M, **fields: Any) -> M:
    """Update fields of a row and note what they were and became. The row is locked and read afresh first.

    Raises:
        ObjectDoesNotExist: the row is gone, or belongs to another organisation.
        Overtaken: another row has taken what this one was to take, since a moment ago.
    """
    pending = _require()
    stored = type(row)._base_manager.select_for_update().get(pk=row.pk)
    before = state(stored)
    for name, value in fields.items():
        setattr(row, name, value)
        setattr(stored, name, value)
    after = state(stored)
    differs = {name for name in after if after[name] != before[name]}
    if differs:
        with _or_overtaken():
            stored.save(update_fields=[f.name for f in stored._meta.concrete_fields if f.attname in differs])
        pending.rows.append(
            {
                "table": row._meta.db_table,
                "id": str(row.pk),
                "before": {name: before[name] for name in sorted(differs)},
                "after": {name: after[name] for name in sorted(differs)},
            }
        )
    return row


def record(
    event: str,
    *,
    actor: Actor,
    on: models.Model,
    chain: UUID | None = None,
    reason: str = "",
    files: Sequence[str] = (),
    happened_at: datetime | None = None,
    **facts: Any,
) -> None:
    """Say what happened, in the past tense (``sample.received``). Takes along the rows noted since the last entry.

    Args:
        on: the record that it happened to.
        chain: another organisation whose chain is told; no rows go there, since it owns none of them.
        files: SHA-256 of raw files that the event concerns.
        happened_at: when it took place, if that was not now.
    """
    pending = _require()
    if actor is not pending.actor:
        raise NothingRecorded("an action records for its own actor only")
    rows, pending.rows = (pending.rows, []) if chain in (None, actor.organisation_id) else ([], pending.rows)
    entry: dict[str, Any] = {
        "v": ENTRY_VERSION,
        "id": new_id(),
        "transaction": pending.transaction,
        "organisation": chain or actor.organisation_id,
        "event": event,
        "actor": {
            "person": actor.person_id,
            "name": actor.name,
            "roles": sorted(actor.roles),
            "organisation": actor.organisation_id,
        },
        "software": f"atmpxb {__version__}",
        "subject": {"table": on._meta.db_table, "id": str(on.pk)},
        "facts": facts,
    }
    if rows:
        entry["rows"] = rows
    if reason:
        entry["reason"] = reason
    if files:
        entry["files"] = list(files)
    if happened_at:
        entry["happened_at"] = happened_at
    pending.entries.append((chain or actor.organisation_id, entry))


def state(row: models.Model) -> dict[str, Any]:
    """The recorded columns of a row as JSON values, named by column.

    For long or secret contents (``by_digest`` of the model) their SHA-256 stands.
    """
    long: frozenset[str] = getattr(type(row), "by_digest", frozenset())
    values = {}
    for column in row._meta.concrete_fields:
        value = json_value(getattr(row, column.attname))
        values[column.attname] = f"sha256:{digest(value)}" if column.attname in long else value
    return values


def json_value(value: Any) -> Any:
    """A column's value as it stands in an entry: times in UTC text, bytes in hexadecimal, the rest as text."""
    match value:
        case bytes() | memoryview():
            return bytes(value).hex()
        case datetime():
            return utc_text(value)
        case None | bool() | int() | str() | dict() | list():
            return value
    return str(value)


def _require() -> _Pending:
    pending = _pending.get()
    if pending is None:
        raise NothingRecorded("a business row is written by an action only")
    return pending


@contextmanager
def _or_overtaken() -> Iterator[None]:
    """A uniqueness that held when the action looked, and no longer holds now, is no fault of the program."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise Overtaken(error.__cause__.diag.constraint_name or "") from error
        raise


def _append(pending: _Pending) -> list[Receipt]:
    by_chain: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for chain, entry in pending.entries:
        by_chain[chain].append(entry)
    receipts = []
    with connection.cursor() as cursor:
        # The database's clock: it refuses entries that are not of now.
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
        for chain in sorted(by_chain):
            for entry in by_chain[chain]:
                cursor.execute("SELECT seq, hash FROM ledger_append(%s, %s)", [chain, canonical({**entry, "at": at})])
                seq, entry_hash = cursor.fetchone()
                receipts.append(Receipt(chain, seq, bytes(entry_hash).hex(), at, entry["event"]))
    return receipts
