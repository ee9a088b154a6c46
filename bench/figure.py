"""What a benchmark gives back: a figure, and the limit it is held to."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Figure:
    """One measured number. ``limit`` is what the project promises, ``None`` where it promises nothing."""

    name: str
    value: float
    unit: str
    limit: float | None
    ok: bool


def at_most(name: str, value: float, unit: str, limit: float | None = None) -> Figure:
    """A figure of which less is better.

    >>> at_most("start", 0.4, "s", 0.5).ok
    True
    """
    return Figure(name, value, unit, limit, limit is None or value <= limit)


def at_least(name: str, value: float, unit: str, limit: float | None = None) -> Figure:
    """A figure of which more is better.

    >>> at_least("events", 9e6, "1/s", 1e7).ok
    False
    """
    return Figure(name, value, unit, limit, limit is None or value >= limit)


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time of ``work`` in seconds, after one round that warms caches."""
    work()
    times = []
    for _ in range(repeats):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return median(times)
