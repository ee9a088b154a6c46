"""The order that a list is asked for in."""

from collections.abc import Mapping, Sequence


def ordered(orders: Mapping[str, Sequence[str]], sort: str) -> list[str]:
    """The columns of an order; turned round, each, where it begins with ``-``.

    >>> ordered({"batch": ("number", "-label")}, "-batch")
    ['-number', 'label']
    """
    columns = orders[sort.removeprefix("-")]
    return [_turned(column) for column in columns] if sort.startswith("-") else list(columns)


def _turned(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"
