"""What somebody writes who holds the application's database role and goes around the program."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.people.actor import Actor


def session(story: Any, actor: Actor) -> psycopg.Connection:
    """A session of the application's role in an actor's name, which commits when told to."""
    opened = psycopg.connect(story.url("atmpxb_app"))
    opened.execute(
        "SELECT set_config('app.organisation', %s, false), set_config('app.person', %s, false)",
        [str(actor.organisation_id), str(actor.person_id)],
    )
    opened.commit()
    return opened


def entry(
    actor: Actor,
    event: str = "test.told",
    *,
    chain: UUID | None = None,
    table: str = "quality_sample",
    id: UUID | None = None,
    rows: list[dict[str, Any]] | None = None,
    **other: Any,
) -> bytes:
    """An entry such as the program writes, but for what is said otherwise."""
    content = {
        "v": 1,
        "id": uuid4(),
        "transaction": uuid4(),
        "organisation": chain or actor.organisation_id,
        "event": event,
        "at": datetime.now(UTC),
        "actor": {
            "person": actor.person_id,
            "name": actor.name,
            "roles": sorted(actor.roles),
            "organisation": actor.organisation_id,
        },
        "software": "none",
        "subject": {"table": table, "id": id or uuid4()},
        "facts": {},
        **({"rows": rows} if rows is not None else {}),
        **other,
    }
    return canonical(content)


def append(opened: psycopg.Connection, chain: UUID, payload: bytes) -> tuple[int, bytes]:
    """What ``ledger_append`` answers."""
    found = opened.execute("SELECT seq, hash FROM ledger_append(%s, %s)", [chain, payload]).fetchone()
    assert found
    return found[0], bytes(found[1])
