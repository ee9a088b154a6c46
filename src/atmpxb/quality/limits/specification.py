"""A product's specification document, from its approved bytes to lines that a value is judged by.

TOML, schema ``atmpxb.specification/1``; a limit is written with the digits that count::

    [[tests]]
    code = "viability"
    title = { en = "Viability", nl = "Viabiliteit" }
    method = "CC-001"
    reportable = "viability"
    unit = "%"
    limit = { low = "80.0" }          # low/high inclusive, above/below exclusive, or words
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

from atmpxb.notes import Note, listed
from atmpxb.quality.assays.seam import AssayError, Words
from atmpxb.quality.limits.sampling import Aliquot, SamplingPlan
from atmpxb.quality.limits.verdict import ROUNDING_RULES, Limit, Rounding, last_digit
from atmpxb.quality.strict_toml import NotToml, Table, read

SCHEMA = "atmpxb.specification/1"


class SpecificationError(AssayError):
    """A specification document can't be used. ``problems`` lists everything wrong, one sentence each."""

    def __init__(self, problems: tuple[Note, ...]) -> None:
        super().__init__(
            "specification.invalid", "The specification document can't be used: {problems}", problems=problems
        )


@dataclass(frozen=True, slots=True)
class SpecificationLine:
    """One test of a specification: which value of which method, against which limit.

    ``method_version`` empty: the version that is effective when the run is made. ``when`` names the decision
    that the line belongs to, e.g. ``release``. ``choices`` says in words what the codes of the limit mean, for
    readers who do not have the method at hand.
    """

    code: str
    title: Words
    method: str
    reportable: str
    unit: str = ""
    limit: Limit | None = None
    rounding: Rounding = field(default_factory=Rounding)
    informative: bool = False
    method_version: str = ""
    reference: str = ""
    when: str = "release"
    choices: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Specification:
    """A specification, parsed. ``sha256`` is the identity of ``source``, the bytes that were approved."""

    code: str
    product: str
    version: str
    title: Words
    lines: tuple[SpecificationLine, ...]
    sampling: SamplingPlan | None
    source: bytes
    sha256: str


def parse_specification(source: bytes) -> Specification:
    """Read a specification document.

    Raises:
        SpecificationError: with every problem found, by line where the place is known.
    """
    problems: list[Note] = []
    try:
        document = read(source, problems)
    except NotToml as error:
        raise SpecificationError((error.note,)) from error
    if (schema := document.text("schema")) and schema != SCHEMA:
        document.problem(
            "document.schema",
            "schema '{schema}' is not '{known}'; this program reads no other",
            "schema",
            schema=schema,
            known=SCHEMA,
        )
    code = document.code("code")
    lines = tuple(_line(table) for table in document.tables("tests"))
    if not lines:
        document.problem(
            "specification.no_tests", "the specification tests nothing; add at least one [[tests]]", "tests"
        )
    document.unique("tests", [line.code for line in lines])
    sampling = document.table("sampling")
    found = Specification(
        code=code,
        product=document.text("product", code),
        version=document.text("version"),
        title=document.words("title"),
        lines=lines,
        sampling=_sampling(sampling, {line.code for line in lines}) if sampling else None,
        source=source,
        sha256=sha256(source).hexdigest(),
    )
    document.finish()
    if problems:
        raise SpecificationError(tuple(problems))
    return found


def _line(table: Table) -> SpecificationLine:
    rounding = _rounding(table)
    limit, choices = _limit(table, rounding)
    found = SpecificationLine(
        code=table.code(),
        title=table.words(),
        method=table.code("method"),
        reportable=table.code("reportable"),
        unit=table.text("unit", ""),
        limit=limit,
        rounding=rounding,
        informative=table.flag("informative", False),
        method_version=table.text("method_version", ""),
        reference=table.text("reference", ""),
        when=table.code("when") if "when" in table.data else "release",
        choices=choices,
    )
    if found.limit is None and not found.informative:
        table.problem(
            "specification.no_limit",
            "a test without 'limit' only informs; write informative = true, or give it a limit",
        )
    table.finish()
    return found


def _limit(line: Table, rounding: Rounding) -> tuple[Limit | None, Mapping[str, Words]]:
    """The limit, and the titles of its codes: ``words = { clear = { en = "Clear", nl = "Helder" } }``."""
    table = line.table("limit")
    if table is None:
        return None, {}
    low, high, above, below = (table.decimal(key) for key in ("low", "high", "above", "below"))
    choices = table.choices("words") if isinstance(table.get("words"), dict) else {}
    words = tuple(choices) or table.texts("words")
    if (low and above) or (high and below):
        table.problem("specification.bound_twice", "one bound is given twice; use low or above, and high or below")
    limit = Limit(low or above, high or below, above is None, below is None, words)
    if words and (limit.low or limit.high):
        table.problem("specification.bounds_and_words", "a limit has bounds or words, not both")
    if not words and not limit.low and not limit.high:
        table.problem("specification.empty_limit", "the limit is empty; give low, high, above, below or words")
    if limit.low and limit.high:
        if Decimal(limit.low) > Decimal(limit.high):
            table.problem(
                "specification.low_above_high",
                "the lower bound {low} is above the upper bound {high}",
                low=limit.low,
                high=limit.high,
            )
        free = rounding.rule != "none" and rounding.decimals is None and rounding.significant is None
        if free and last_digit(limit.low) != last_digit(limit.high):
            table.problem(
                "specification.last_digits",
                "{low} and {high} show different last digits, so it is not clear where to round; write both "
                "alike or give rounding 'decimals' or 'significant'",
                low=limit.low,
                high=limit.high,
            )
    table.finish()
    return limit, choices


def _rounding(line: Table) -> Rounding:
    """``rounding = "half_even"`` or ``rounding = { rule = "half_even", decimals = 1 }``."""
    if isinstance(line.get("rounding"), str):
        return Rounding(line.one_of("rounding", ROUNDING_RULES))
    table = line.table("rounding")
    if table is None:
        return Rounding()
    found = Rounding(
        rule=table.one_of("rule", ROUNDING_RULES, "ph_eur_general"),
        decimals=table.integer("decimals", None),
        significant=table.integer("significant", None, 1),
    )
    if found.decimals is not None and found.significant is not None:
        table.problem("specification.rounding_twice", "round to 'decimals' or to 'significant' figures, not both")
    if found.rule == "none" and (found.decimals is not None or found.significant is not None):
        table.problem(
            "specification.rounding_none",
            "rule 'none' does not round; take the digits away or choose another rule",
        )
    table.finish()
    return found


def _sampling(table: Table, tests: set[str]) -> SamplingPlan:
    aliquots = tuple(_aliquot(item, tests) for item in table.tables("aliquots"))
    table.unique("sampling.aliquots", [aliquot.code for aliquot in aliquots])
    retention, waiver = table.table("retention"), table.text("waiver", "")
    retained = retention.decimal("volume_ul", required=True) if retention else None
    if retention:
        retention.finish()
    if bool(retention) == bool(waiver):
        table.problem(
            "specification.retention", "give either 'retention' with its volume or a 'waiver' with its reason"
        )
    if not aliquots:
        table.problem("specification.no_aliquots", "the sampling plan is empty; add [[sampling.aliquots]]")
    elif uncovered := sorted(tests - {test for aliquot in aliquots for test in aliquot.tests}):
        table.problem(
            "specification.uncovered_tests",
            "no aliquot is for {tests}; name each test in the 'tests' of one [[sampling.aliquots]]",
            tests=listed(f"'{test}'" for test in uncovered),
        )
    found = SamplingPlan(
        aliquots=aliquots,
        biosafety_class=str(table.get("biosafety_class") or ""),
        gmo_class=str(table.get("gmo_class") or ""),
        retention_ul=Decimal(retained) if retained else None,
        waiver=waiver,
    )
    table.finish()
    return found


def _aliquot(table: Table, tests: set[str]) -> Aliquot:
    volume = Decimal(table.decimal("volume_ul", required=True) or 0)
    minimum, hold = table.decimal("minimum_ul"), table.decimal("hold_hours")
    low, high = table.decimal("temperature_low"), table.decimal("temperature_high")
    found = Aliquot(
        code=table.code(),
        title=table.words(),
        volume_ul=volume,
        minimum_ul=volume if minimum is None else Decimal(minimum),
        priority=table.integer("priority", 1, 1) or 1,
        tests=table.texts("tests", required=True),
        hold_hours=None if hold is None else Decimal(hold),
        temperature_low=None if low is None else Decimal(low),
        temperature_high=None if high is None else Decimal(high),
    )
    if volume <= 0 or not 0 < found.minimum_ul <= volume:
        table.problem(
            "specification.volume",
            "volumes must be above zero, and minimum_ul not above volume_ul",
            "volume_ul",
        )
    if found.hold_hours is not None and found.hold_hours <= 0:
        table.problem("specification.hold_hours", "hold_hours must be above zero", "hold_hours")
    if low is not None and high is not None and Decimal(low) > Decimal(high):
        table.problem(
            "specification.temperature",
            "temperature_low {low} is above temperature_high {high}",
            "temperature_low",
            low=low,
            high=high,
        )
    for unknown in [test for test in found.tests if test not in tests]:
        table.problem(
            "specification.unknown_test",
            "tests names '{test}', which is no test of this specification",
            "tests",
            test=unknown,
        )
    table.finish()
    return found
