"""What organisations let one another read, and the log of who looked."""

from datetime import datetime
from uuid import UUID

from django.db import connection, models
from django.utils import timezone

from atmpxb.records.ledger.writing import create
from atmpxb.records.people.models import Grant


def share(row: models.Model, *, to: UUID, purpose: str, until: datetime | None = None) -> None:
    """Inside an action: let another organisation read a row of the actor's, once, for a purpose.

    The action that calls this records it.
    """
    table = row._meta.db_table
    organisation: UUID = row.organisation_id  # type: ignore[attr-defined]
    if organisation == to or Grant.objects.filter(
        organisation_id=organisation, to_organisation_id=to, subject_table=table, subject_id=row.pk, revoked_at=None,
        purpose=purpose,
    ).exists():  # fmt: skip
        return
    create(
        Grant, organisation_id=organisation, to_organisation_id=to, subject_table=table, subject_id=row.pk,
        purpose=purpose, valid_from=timezone.now(), valid_until=until,
    )  # fmt: skip


def log_access(
    event: str,
    *,
    person: UUID | None = None,
    organisation: UUID | None = None,
    owner: UUID | None = None,
    subject: str = "",
    address: str = "",
) -> None:
    """Add a line to the access log: who signed in, or looked at another organisation's record.

    The database stamps the time. A line with an organisation is written in its context and in the person's own name.
    """
    with connection.cursor() as cursor:  # the model would ask for the new row back, and nobody may read it here
        cursor.execute(
            "INSERT INTO people_access (person_id, organisation_id, owner_id, event, subject, address)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [person, organisation, owner, event, subject[:120], address[:64]],
        )
