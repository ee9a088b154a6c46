"""Results again, from the attached methods and the raw files: the same values, roundings and verdicts, or a
line that names what differs.

Unrounded values agree within 1e-9 relative, since the last bits of a sum depend on processor and library; a
reported value must be a valid rounding of something within that.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from atmpxb.notes import Note, note
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, RawFile, Value
from atmpxb.quality.assays.suitability import require_inputs
from atmpxb.quality.certificate.attachments import SPECIFICATION, expected, method_name
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Result
from atmpxb.quality.certificate.sense import value_of
from atmpxb.quality.limits import SpecificationError, SpecificationLine, judge, parse_specification
from atmpxb.quality.proof import compare
from atmpxb.quality.proof.line import Line


def documents(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """What is attached is what the record names, and nothing else."""
    wanted = expected(certificate)
    problems = [
        note("documents.extra", "{name} is attached, and the record names no such file", name=name)
        for name in sorted(files.keys() - wanted.keys())
    ]
    problems += [
        note("documents.missing", "{name} is missing", name=name) for name in sorted(wanted.keys() - files.keys())
    ]
    problems += [
        note("documents.other", "{name} is not what the record names", name=name)
        for name, digest in wanted.items()
        if digest and name in files and sha256(files[name]).hexdigest() != digest
    ]
    yield Line(
        "documents",
        not problems,
        tuple(problems[:5])
        or note(
            "documents.same", "the {count} attached files are those of the record, and no other", count=len(wanted)
        ),
    )


def verdicts(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """Every rounding and verdict follows from value and limit."""
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
    problems = [
        note(
            "verdicts.differs",
            "{code}: {value} is not {reported}, {verdict} by the specification",
            code=test.code,
            value=result.value,
            reported=result.reported,
            verdict=result.verdict,
        )
        for test in certificate.tests
        for result in test.results
        if test.code in lines and not _agrees(result, result.value, lines[test.code])
    ]
    count = sum(len(test.results) for test in certificate.tests)
    yield Line(
        "verdicts",
        not problems,
        tuple(problems[:5]) or note("verdicts.agree", "{count} result(s) judged again, all the same", count=count),
    )


def _agrees(result: Result, value: str | None, line: SpecificationLine) -> bool:
    """Whether a value, within the tolerance, is reported and judged as the result says."""
    for candidate in _nearby(value):
        found = judge(candidate, result.interval, line, result.unit)
        if (str(found.outcome), found.reported) == (result.verdict, result.reported or ""):
            return True
    return False


def _nearby(value: str | None) -> list[str | None]:
    number = compare.number(value)
    if number is None:
        return [value]
    return [value, str(number * (1 - compare.TOLERANCE)), str(number * (1 + compare.TOLERANCE))]


def analyses(certificate: Certificate, files: Mapping[str, bytes], raw: Mapping[str, bytes] | None) -> Iterator[Line]:
    """Every analysis done again: a recomputable one from its raw files, what a person is the source of from the
    worksheet."""
    for analysis in certificate.analyses:
        name = f"analysis {analysis.id}"
        what = f"{analysis.method.code} v{analysis.method.version}"
        try:
            recomputable = registry.kind(analysis.method.kind).recomputable
        except AssayError as error:
            yield Line(name, False, note("analysis.unknown", "{what}: {problem}", what=what, problem=error.note))
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
        elif raw is None and analysis.files and not recomputable:
            yield Line(
                name,
                None,
                note("analysis.not_recomputable", "{what}: not recomputable, a person is the source", what=what),
            )
        elif raw is None and analysis.files:
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
            yield _again(name, what, certificate, analysis, files, raw or {})


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
        kind = registry.kind(analysis.method.kind)
        method = parse(files.get(method_name(analysis.method.sha256), b""))
        require_inputs(method, inputs)
        formats = [kind.facts(file).format for file in inputs]
        found = kind.analyse(method, inputs, analysis.bench)
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
        *compare.outcome(analysis, found, files),
        *_results(certificate, analysis, found.values, files),
    ]
    problems += [
        note(
            "analysis.file",
            "{name} has {count} bytes of {format}, not {recorded} of {said}",
            name=file.name,
            count=len(given.data),
            format=form,
            recorded=file.bytes,
            said=file.format,
        )
        for file, given, form in zip(analysis.files, inputs, formats, strict=True)
        if (file.bytes, file.format) != (len(given.data), form)
    ]
    if problems:
        return Line(
            name,
            False,
            note("analysis.differs", "{what}: {problems}", what=what, problems=tuple(problems[:5])),
        )
    count = len(found.values)
    if not analysis.recomputable:
        said = note(
            "analysis.worksheet",
            "{what}: not recomputable, a person is the source; {count} value(s) as the worksheet says",
            what=what,
            count=count,
        )
        return Line(name, None, said)
    agrees = note(
        "analysis.agrees",
        "{what}: {count} value(s) recomputed from {files} file(s), all agree",
        what=what,
        count=count,
        files=len(inputs),
    )
    return Line(name, True, agrees)


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
