"""A method document, from its approved bytes to the values an analysis reads.

The bytes are what a person approved, so their SHA-256 is the identity of the method; the parsed form is only
a view on them. What a kind alone understands (``[parameters]`` and further keys of a reportable) passes
untouched, for `AssayKind.problems` to judge.
"""

from decimal import Decimal
from hashlib import sha256

from atmpxb.notes import Note
from atmpxb.quality.assays.seam import AssayError, Criterion, Entry, Input, Method, Reportable
from atmpxb.quality.strict_toml import NotToml, Table, read

SCHEMA = "atmpxb.method/1"
ENTRY_TYPES = ("decimal", "integer", "text", "choice", "date", "time", "barcode")


class MethodError(AssayError):
    """A method document can't be used. ``problems`` lists everything that is wrong, one sentence each."""

    def __init__(self, problems: tuple[Note, ...]) -> None:
        super().__init__("method.invalid", "The method document can't be used: {problems}", problems=problems)


def parse(source: bytes) -> Method:
    """Read a method document (TOML, schema ``atmpxb.method/1``).

    Raises:
        MethodError: with every problem found, by line where the place is known.
    """
    problems: list[Note] = []
    try:
        document = read(source, problems)
    except NotToml as error:
        raise MethodError((error.note,)) from error
    if (schema := document.text("schema")) and schema != SCHEMA:
        document.problem(
            "document.schema",
            "schema '{schema}' is not '{known}'; this program reads no other",
            "schema",
            schema=schema,
            known=SCHEMA,
        )
    method = Method(
        code=document.code("code"),
        version=document.text("version"),
        kind=document.code("kind"),
        title=document.words("title"),
        reference=document.text("reference", ""),
        inputs=tuple(_input(table) for table in document.tables("inputs")),
        entries=tuple(_entry(table) for table in document.tables("entries")),
        parameters=document.free("parameters"),
        reportables=tuple(_reportable(table) for table in document.tables("reportables")),
        suitability=tuple(_criterion(table) for table in document.tables("suitability")),
        source=source,
        sha256=sha256(source).hexdigest(),
    )
    if not method.reportables:
        document.problem(
            "method.no_reportables",
            "the method reports nothing; add at least one [[reportables]]",
            "reportables",
        )
    document.unique("inputs", [item.role for item in method.inputs])
    document.unique("entries", [item.code for item in method.entries])
    document.unique("reportables", [item.code for item in method.reportables])
    document.unique("suitability", [item.code for item in method.suitability])
    document.finish()
    if problems:
        raise MethodError(tuple(problems))
    return method


def _input(table: Table) -> Input:
    found = Input(
        role=table.code("role"),
        title=table.words(),
        formats=table.texts("formats", required=True),
        minimum=table.integer("minimum", 1) or 0,
        maximum=table.integer("maximum", None, 1),
    )
    if found.maximum is not None and found.maximum < found.minimum:
        table.problem(
            "method.maximum_below_minimum",
            "maximum {maximum} is below minimum {minimum}",
            "maximum",
            maximum=found.maximum,
            minimum=found.minimum,
        )
    table.finish()
    return found


def _entry(table: Table) -> Entry:
    found = Entry(
        code=table.code(),
        title=table.words(),
        type=table.one_of("type", ENTRY_TYPES),
        unit=table.text("unit", ""),
        choices=table.choices("choices"),
        required=table.flag("required", True),
        second_person=table.flag("second_person", False),
        per_sample=table.flag("per_sample", False),
        censored=table.flag("censored", False),
        minimum=table.decimal("minimum"),
        maximum=table.decimal("maximum"),
        exclusive=table.flag("exclusive", False),
    )
    bounded = found.minimum is not None or found.maximum is not None
    if bounded and found.type not in ("decimal", "integer"):
        table.problem("method.no_bounds", "only a decimal or integer entry has 'minimum' and 'maximum'", "type")
    if found.exclusive and not bounded:
        table.problem("method.exclusive", "'exclusive' is said of bounds; give 'minimum' or 'maximum'", "exclusive")
    if found.censored and found.type != "decimal":
        table.problem("method.censored", "only a decimal entry can be 'censored'", "censored")
    if found.minimum is not None and found.maximum is not None and Decimal(found.maximum) < Decimal(found.minimum):
        table.problem(
            "method.bounds_crossed",
            "maximum {maximum} is below minimum {minimum}",
            "maximum",
            maximum=found.maximum,
            minimum=found.minimum,
        )
    if found.type == "choice" and not found.choices:
        table.problem("method.choices_missing", "an entry of type 'choice' needs 'choices'", "type")
    if found.type != "choice" and found.choices:
        table.problem("method.choices_unwanted", "only an entry of type 'choice' has 'choices'", "choices")
    table.finish()
    return found


def _reportable(table: Table) -> Reportable:
    return Reportable(code=table.code(), title=table.words(), unit=table.text("unit", ""), options=table.rest())


def _criterion(table: Table) -> Criterion:
    found = Criterion(
        code=table.code(),
        title=table.words(),
        measure=table.text("measure"),
        minimum=table.decimal("minimum"),
        maximum=table.decimal("maximum"),
        unit=table.text("unit", ""),
    )
    if found.minimum is None and found.maximum is None:
        table.problem("method.no_bounds", "a criterion needs 'minimum', 'maximum' or both")
    if found.minimum and found.maximum and Decimal(found.maximum) < Decimal(found.minimum):
        table.problem(
            "method.maximum_below_minimum",
            "maximum {maximum} is below minimum {minimum}",
            "maximum",
            maximum=found.maximum,
            minimum=found.minimum,
        )
    table.finish()
    return found
