"""Running numbers of records, without gaps and without two people getting the same one."""

from uuid import UUID

from django.db import connection, models
from django.utils import timezone


def next_number(model: type[models.Model], organisation: UUID, letter: str) -> str:
    """The next number of a kind of record in an organisation this year, e.g. ``R-2026-0007``.

    Inside an action: whoever asks next waits until this transaction has ended.
    """
    _wait_turn(f"{model._meta.db_table} {organisation}")
    prefix = f"{letter}-{timezone.now().year}-"
    taken = (
        model._base_manager.filter(organisation_id=organisation, number__startswith=prefix)
        .values_list("number", flat=True)
        .distinct()
    )
    last = max((int(number.removeprefix(prefix)) for number in taken), default=0)
    return f"{prefix}{last + 1:04}"


def wait_turn(row: models.Model) -> None:
    """Inside an action: one at a time for a row, also where it is another organisation's and can't be locked itself."""
    _wait_turn(f"{row._meta.db_table} {row.pk}")


def _wait_turn(subject: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject])
