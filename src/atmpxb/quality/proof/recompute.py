"""Results again, from the attached methods and the raw files: the same values, roundings and verdicts, or a
line that names what differs.

Unrounded values agree within 1e-9 relative, since the last bits of a sum depend on processor and library; a
reported value must be a valid rounding of something within that.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from atmpxb.notes import Note, note
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, RawFile, Value
from atmpxb.quality.certificate.attachments import SPECIFICATION, method_name
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Result, TestLine, value_of
from atmpxb.quality.limits import SpecificationError, SpecificationLine, judge, parse_specification
from atmpxb.quality.proof.line import Line

TOLERANCE = Decimal("1e-9")


def documents(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """The attached method and specification documents are those that the record names."""
    wanted = {SPECIFICATION: certificate.specification.sha256}
    wanted |= {
        method_name(analysis.method.sha256): analysis.method.sha256 for analysis in certificate.analyses
    }
    wrong = [name for name, digest in wanted.items() if sha256(files.get(name, b"")).hexdigest() != digest]
    if wrong:
        yield Line(
            "documents",
            False,
            note(
                "documents.missing", "missing, or not what the record names: {names}", names=", ".join(wrong)
            ),
        )
    else:
        yield Line(
            "documents",
            True,
            note(
                "documents.same",
                "specification and {count} method(s) are those of the record",
                count=len(wanted) - 1,
            ),
        )


def verdicts(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """Every limit is that of the specification, every rounding and verdict follows from value and limit."""
    try:
        specification = parse_specification(files.get(SPECIFICATION, b""))
    except SpecificationError as error:
        yield Line(
            "verdicts",
            False,
            note(
                "verdicts.unreadable",
                "the attached specification can't be read: {problems}",
                problems=error.problems,
            ),
        )
        return
    lines = {line.code: line for line in specification.lines}
    problems = [problem for test in certificate.tests for problem in _verdict(test, lines.get(test.code))]
    reported = {test.code for test in certificate.tests if test.results}
    missing = [
        line.code
        for line in specification.lines
        if line.when == "release" and not line.informative and line.code not in reported
    ]
    if missing and certificate.conclusion.verdict == "complies":
        problems.append(
            note(
                "verdicts.incomplete",
                "it concludes without the tests {tests} of the specification",
                tests=", ".join(missing),
            )
        )
    count = sum(len(test.results) for test in certificate.tests)
    yield Line(
        "verdicts",
        not problems,
        tuple(problems[:5])
        or note("verdicts.agree", "{count} result(s) judged again, all the same", count=count),
    )


def _verdict(test: TestLine, line: SpecificationLine | None) -> Iterator[Note]:
    if line is None:
        yield note("verdicts.unknown_test", "{code} is no test of the specification", code=test.code)
        return
    limit = plain(line.limit) if line.limit else {}
    if (line.method, limit, line.informative) != (test.method, dict(test.limit.data), test.informative):
        yield note(
            "verdicts.other_rule",
            "{code}: method, limit or informative flag is not that of the specification",
            code=test.code,
        )
    for result in test.results:
        if result.reportable != line.reportable or result.unit != line.unit:
            yield note(
                "verdicts.other_reportable",
                "{code}: {reportable} in '{unit}' is not what the specification asks",
                code=test.code,
                reportable=result.reportable,
                unit=result.unit,
            )
        elif not _agrees(result, result.value, line):
            yield note(
                "verdicts.differs",
                "{code}: {value} is not {reported}, {verdict} by the specification",
                code=test.code,
                value=result.value,
                reported=result.reported,
                verdict=result.verdict,
            )


def _agrees(result: Result, value: str | None, line: SpecificationLine) -> bool:
    """Whether a value, within the tolerance, is reported and judged as the result says."""
    for candidate in _nearby(value):
        found = judge(candidate, result.interval, line)
        if (str(found.outcome), found.reported) == (result.verdict, result.reported or ""):
            return True
    return False


def _nearby(value: str | None) -> list[str | None]:
    number = _number(value)
    if number is None:
        return [value]
    return [value, str(number * (1 - TOLERANCE)), str(number * (1 + TOLERANCE))]


def analyses(
    certificate: Certificate, files: Mapping[str, bytes], raw: Mapping[str, bytes] | None
) -> Iterator[Line]:
    """Every recomputable analysis, recomputed; each of the others listed as what it is."""
    for analysis in certificate.analyses:
        name = f"analysis {analysis.id}"
        what = f"{analysis.method.code} v{analysis.method.version}"
        try:
            recomputable = registry.kind(analysis.method.kind).recomputable
        except AssayError as error:
            yield Line(
                name, False, note("analysis.unknown", "{what}: {problem}", what=what, problem=error.note)
            )
            continue
        if recomputable != analysis.recomputable:
            yield Line(
                name,
                False,
                note(
                    "analysis.wrongly_marked",
                    "{what}: the record is wrong about whether it can be recomputed",
                    what=what,
                ),
            )
        elif not recomputable:
            yield Line(
                name,
                None,
                note(
                    "analysis.not_recomputable", "{what}: not recomputable, a person is the source", what=what
                ),
            )
        elif raw is None:
            yield Line(
                name,
                None,
                note(
                    "analysis.not_recomputed",
                    "{what}: not recomputed; give the folder of raw files to do so",
                    what=what,
                ),
            )
        else:
            yield _again(name, what, certificate, analysis, files, raw)


def _again(
    name: str,
    what: str,
    certificate: Certificate,
    analysis: AnalysisRecord,
    files: Mapping[str, bytes],
    raw: Mapping[str, bytes],
) -> Line:
    inputs = []
    for file in analysis.files:
        content = raw.get(file.sha256)
        if content is None or sha256(content).hexdigest() != file.sha256:
            return Line(
                name,
                False,
                note(
                    "analysis.no_file",
                    "{what}: no raw file is {name} with SHA-256 {sha256}",
                    what=what,
                    name=file.name,
                    sha256=file.sha256,
                ),
            )
        inputs.append(RawFile(file.name, file.role, content, file.sha256, file.sample))
    try:
        source = files.get(method_name(analysis.method.sha256), b"")
        found = registry.kind(analysis.method.kind).analyse(parse(source), inputs, analysis.bench)
    except AssayError as error:
        return Line(
            name,
            False,
            note(
                "analysis.impossible",
                "{what}: the analysis can't be done again: {problem}",
                what=what,
                problem=error.note,
            ),
        )
    problems = [
        *_values(analysis.values, found.values),
        *_results(certificate, analysis, found.values, files),
    ]
    judged = {(check.code, check.sample): check.passed for check in found.checks}
    if judged != {(check.code, check.sample): check.passed for check in analysis.checks}:
        problems.append(note("analysis.checks_differ", "the checks come out otherwise"))
    if problems:
        return Line(
            name,
            False,
            note("analysis.differs", "{what}: {problems}", what=what, problems=tuple(problems[:5])),
        )
    return Line(
        name,
        True,
        note(
            "analysis.agrees",
            "{what}: {count} value(s) recomputed from {files} file(s), all agree",
            what=what,
            count=len(found.values),
            files=len(inputs),
        ),
    )


def _values(recorded: Sequence[Value], found: Sequence[Value]) -> Iterator[Note]:
    again = {(value.code, value.sample): value for value in found}
    if len(again) != len(recorded):
        yield note(
            "analysis.count",
            "{count} values come out, {recorded} are recorded",
            count=len(again),
            recorded=len(recorded),
        )
    for value in recorded:
        other = again.get((value.code, value.sample))
        if other is None or other.unit != value.unit or not same(value.value, other.value):
            came = note("analysis.nothing", "nothing") if other is None else f"{other.value} {other.unit}"
            yield note(
                "analysis.value",
                "{code} {sample}: recorded {value} {unit}, recomputed {came}",
                code=value.code,
                sample=value.sample,
                value=value.value,
                unit=value.unit,
                came=came,
            )


def _results(
    certificate: Certificate, analysis: AnalysisRecord, found: Sequence[Value], files: Mapping[str, bytes]
) -> Iterator[Note]:
    try:
        lines = {line.code: line for line in parse_specification(files.get(SPECIFICATION, b"")).lines}
    except SpecificationError:
        return  # told by ``verdicts``
    for test in certificate.tests:
        for result in test.results if test.analysis == analysis.id else ():
            value, line = value_of(result, found), lines.get(test.code)
            if value is None or line is None or not _agrees(result, value.value, line):
                yield note(
                    "analysis.result",
                    "{code} {sample}: reported {reported} does not follow from the raw files",
                    code=test.code,
                    sample=result.sample,
                    reported=result.reported,
                )


def same(recorded: str | None, recomputed: str | None) -> bool:
    """Whether two values agree: words exactly, numbers within 1e-9 of the larger one.

    >>> same("98.30000000001", "98.3"), same("98.31", "98.3"), same(None, "0"), same("clear", "clear")
    (True, False, False, True)
    """
    one, other = _number(recorded), _number(recomputed)
    if one is None or other is None:
        return recorded == recomputed
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
