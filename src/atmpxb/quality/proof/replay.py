"""The tables as the ledger tells them, held against the tables as they are."""

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from atmpxb.notes import note
from atmpxb.quality.proof.guard import guarded
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger.chain import Link
from atmpxb.records.ledger.writing import state

#: The connection that sees every row and writes none.
READER = "backup"

type State = dict[str, Any]


def compare_tables(chains: Mapping[UUID, list[Link]]) -> Iterator[Line]:
    """What the chains tell against what the tables hold, one line a table."""
    replayed = replay(chains)
    recorded = {model._meta.db_table: model for model in apps.get_models() if _is_recorded(model)}
    for table in sorted(recorded):
        yield from guarded(f"table {table}", partial(_compared, recorded[table], replayed.get(table, {})))


def _compared(model: type[models.Model], replayed: Mapping[str, State]) -> tuple[Line]:
    stored = {str(row.pk): state(row) for row in model._base_manager.using(READER).iterator()}
    return (_table(model._meta.db_table, stored, replayed),)


def replay(chains: Mapping[UUID, list[Link]]) -> Mapping[str, Mapping[str, State]]:
    """Table → row → columns as the entries leave them. An account is told by every organisation that its person works
    for, so the chains are read side by side, by time."""
    replayed: dict[str, dict[str, State]] = defaultdict(dict)
    for entry in heapq.merge(*map(entries_of, chains.values()), key=lambda entry: datetime.fromisoformat(entry["at"])):
        for row in entry.get("rows", ()):
            replayed[row["table"]].setdefault(row["id"], {}).update(row["after"])
    return replayed


def entries_of(links: Iterable[Link]) -> Iterator[dict[str, Any]]:
    """The entries of a chain, without those that can't be read: the chain's own check counts these."""
    for link in links:
        try:
            entry = json.loads(link.payload)
            datetime.fromisoformat(entry["at"])
        except (ValueError, TypeError, KeyError):
            continue
        yield entry


def _is_recorded(model: type[models.Model]) -> bool:
    module = model.__module__
    ours = module.startswith(("atmpxb.records.", "atmpxb.quality."))
    return ours and model._meta.managed and model._meta.db_table != "people_access"


def _table(table: str, stored: Mapping[str, State], replayed: Mapping[str, State]) -> Line:
    name = f"table {table}"
    if lost := sorted(replayed.keys() - stored.keys()):
        return Line(
            name,
            False,
            note(
                "deep.row_gone",
                "row {row} is recorded and gone ({count} in all)",
                row=lost[0],
                count=len(lost),
            ),
        )
    if foreign := sorted(stored.keys() - replayed.keys()):
        return Line(
            name,
            False,
            note(
                "deep.row_foreign",
                "row {row} exists and no entry made it ({count} in all)",
                row=foreign[0],
                count=len(foreign),
            ),
        )
    for key, row in stored.items():
        told = replayed[key]
        if differs := sorted(column for column in row if row[column] != told.get(column)):
            return Line(
                name,
                False,
                note(
                    "deep.row_differs",
                    "row {row}: {columns} differ from what was recorded",
                    row=key,
                    columns=", ".join(differs),
                ),
            )
    return Line(name, True, note("deep.table", "{count} rows are as the ledger tells", count=len(stored)))
