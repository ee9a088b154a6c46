"""Measures that a flow method can report or judge, by name.

``count:P`` events of population P · ``percent:P`` of its parent · ``percent:P/Q`` of ancestor Q ·
``difference:P/Q`` the largest percentage among the files less the smallest, in percentage points · ``files``
how many files were evaluated. ``/Q`` with nothing after it means all events.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from atmpxb.science.flow import ROOT, GateError, Populations, Strategy, population_names

VERBS = ("count", "percent", "difference")


@dataclass(frozen=True, slots=True)
class Measure:
    """A parsed measure. ``of`` None: the parent."""

    verb: str
    population: str = ROOT
    of: str | None = None


def parse_measure(text: str, strategy: Strategy) -> Measure:
    """Read a measure and check its populations against the strategy.

    Raises:
        GateError: unknown verb or population, or ``Q`` is no ancestor of ``P``.
    """
    if text == "files":
        return Measure("files")
    verb, _, rest = text.partition(":")
    if verb not in VERBS or not rest:
        raise GateError(
            "flow.measure",
            "Measure '{measure}' is unknown: use count:P, percent:P/Q, difference:P/Q or files.",
            measure=text,
        )
    population, slash, of = rest.partition("/")
    names = population_names(strategy)
    for name in (population, of):
        if name != ROOT and name not in names:
            raise GateError(
                "flow.population_missing",
                "Measure '{measure}' names '{name}', which no gate makes; gates make: {names}.",
                measure=text,
                name=name,
                names=", ".join(names),
            )
    if slash and verb == "count":
        raise GateError("flow.measure", "Measure '{measure}': a count has no denominator.", measure=text)
    if population == ROOT and verb != "count":
        raise GateError("flow.measure", "Measure '{measure}' names no population.", measure=text)
    if slash and of not in strategy.ancestors(population):
        raise GateError(
            "flow.not_an_ancestor",
            "Measure '{measure}': '{population}' does not lie inside '{of}'; a percentage needs one of its ancestors.",
            measure=text,
            population=population,
            of=of,
        )
    return Measure(verb, population, of if slash else None)


def pooled(measure: Measure, files: Sequence[Populations]) -> tuple[int, int]:
    """Events of the population and of its denominator, summed over files (every event counts once, alike)."""
    pairs = [populations.fraction(measure.population, measure.of) for populations in files]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def observe(measure: Measure, files: Sequence[Populations]) -> float | int | None:
    """The number that a measure has; None where it can't be known (no files, no events to divide by)."""
    if measure.verb == "files":
        return len(files)
    if not files:
        return None
    if measure.verb == "count":
        return sum(populations.count(measure.population) for populations in files)
    if measure.verb == "difference":
        each = [populations.percent(measure.population, measure.of) for populations in files]
        known = [percent for percent in each if percent is not None]
        return max(known) - min(known) if len(known) == len(each) else None
    part, whole = pooled(measure, files)
    return 100.0 * part / whole if whole else None
