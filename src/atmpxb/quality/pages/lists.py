"""Long lists: filters as chips in sight, order by heading, all of it as a table for a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from atmpxb.quality.pages.entrance import Request

#: No list is longer in a spreadsheet than this.
MOST = 100_000


def chips_of(
    here: str, states: type[TextChoices], counts: Mapping[str, int], active: str, sort: str = ""
) -> list[dict[str, Any]]:
    """A chip for every state that occurs, and one for all."""
    order = {"sort": sort} if sort else {}
    everything = {
        "title": _("All"), "url": f"{here}?{urlencode({'state': '', **order})}", "active": not active,
        "count": sum(counts.values()),
    }  # fmt: skip
    return [everything] + [
        {
            "title": str(state.label),
            "url": f"{here}?{urlencode({'state': state.value, **order})}",
            "active": state.value == active,
            "count": counts[state.value],
        }
        for state in states
        if counts.get(state.value)
    ]


def order_of(request: Request, orders: Mapping[str, Sequence[str]], usual: str) -> str:
    """By what the address wants a list sorted: a key of ``orders``, perhaps with ``-``; else the usual one."""
    wish = request.GET.get("sort", "")
    return wish if wish.removeprefix("-") in orders else usual


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A list as a file that spreadsheets open; times in UTC, decimals with a point, whatever the language."""
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"'
    response["Cache-Control"] = "no-store, private"
    return response


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # spreadsheets take the file for UTF-8 by this mark
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    """Text of a cell; what a spreadsheet would calculate stays text.

    >>> _cell("=1+1"), _cell(-3), _cell(None)
    ("'=1+1", '-3', '')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+-@\t\r" and text else text
