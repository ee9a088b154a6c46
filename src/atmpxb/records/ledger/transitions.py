"""How a state moves: by an event of its noun's table, on the row as it is stored now, and in no other way."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from atmpxb.records.ledger.writing import change

#: event → (states it may happen in, state it leads to)
type Table = Mapping[str, tuple[frozenset[str], str]]


class NotPossibleNow(Exception):
    """The noun is in a state in which this can't happen."""

    def __init__(self, noun: str, event: str, state: str, allowed: frozenset[str]) -> None:
        self.noun, self.event, self.state, self.allowed = noun, event, state, allowed
        super().__init__(f"{event} needs the {noun} to be {' or '.join(sorted(allowed))}; it is {state}")


def move_by[M: models.Model](table: Table, noun: str, row: M, event: str, **fields: Any) -> M:
    """Move a row by an event of its table, changing further fields along with the state.

    Raises:
        NotPossibleNow: the event is not allowed in the state that the row, freshly locked, is in.
    """
    allowed, target = table[event]
    state = type(row)._base_manager.select_for_update().values_list("state", flat=True).get(pk=row.pk)
    if state not in allowed:
        raise NotPossibleNow(noun, event, state, allowed)
    return change(row, state=target, **fields)
