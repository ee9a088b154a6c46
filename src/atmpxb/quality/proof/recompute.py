"""Results again, from the attached methods and the raw files: the same values, roundings and verdicts, or a
line that names what differs.

Unrounded values agree within 1e-9 relative, since the last bits of a sum depend on processor and library; a
reported value must be a valid rounding of something within that.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, RawFile, Value
from atmpxb.quality.assays.suitability import require_inputs
from atmpxb.quality.certificate.attachments import SPECIFICATION, expected, method_name
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Result, value_of
from atmpxb.quality.limits import SpecificationError, SpecificationLine, judge, parse_specification
from atmpxb.quality.proof import compare
from atmpxb.quality.proof.line import Line


def documents(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """What is attached is what the record names, and nothing else."""
    wanted = expected(certificate)
    problems = [
        f"{name} is attached, and the record names no such file" for name in sorted(files.keys() - wanted.keys())
    ]
    problems += [f"{name} is missing" for name in sorted(wanted.keys() - files.keys())]
    problems += [
        f"{name} is not what the record names"
        for name, digest in wanted.items()
        if digest and name in files and sha256(files[name]).hexdigest() != digest
    ]
    message = f"the {len(wanted)} attached files are those of the record, and no other"
    yield Line("documents", not problems, "; ".join(problems[:5]) or message)


def verdicts(certificate: Certificate, files: Mapping[str, bytes]) -> Iterator[Line]:
    """Every rounding and verdict follows from value and limit."""
    try:
        specification = parse_specification(files.get(SPECIFICATION, b""))
    except SpecificationError as error:
        yield Line("verdicts", False, f"the attached specification can't be read: {error}")
        return
    lines = {line.code: line for line in specification.lines}
    problems = [
        f"{test.code}: {result.value} is not {result.reported} and {result.verdict} by the specification"
        for test in certificate.tests
        for result in test.results
        if test.code in lines and not _agrees(result, result.value, lines[test.code])
    ]
    count = sum(len(test.results) for test in certificate.tests)
    yield Line("verdicts", not problems, "; ".join(problems[:5]) or f"{count} result(s) judged again, all the same")


def _agrees(result: Result, value: str | None, line: SpecificationLine) -> bool:
    """Whether a value, within the tolerance, is reported and judged as the result says."""
    for candidate in _nearby(value):
        found = judge(candidate, result.interval, line)
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
            yield Line(name, False, f"{what}: {error.message}")
            continue
        if recomputable != analysis.recomputable:
            yield Line(name, False, f"{what}: the record is wrong about whether it can be recomputed")
        elif raw is None and analysis.files:
            unknown = "not recomputed; give the folder of raw files to do so"
            yield Line(name, None, f"{what}: {unknown if recomputable else 'not recomputable, a person is the source'}")
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
            return Line(name, False, f"{what}: no raw file is {file.name} with SHA-256 {file.sha256}")
        inputs.append(RawFile(file.name, file.role, content, file.sha256, file.sample))
    try:
        kind = registry.kind(analysis.method.kind)
        method = parse(files.get(method_name(analysis.method.sha256), b""))
        require_inputs(method, inputs)
        formats = [kind.facts(file).format for file in inputs]
        found = kind.analyse(method, inputs, analysis.bench)
    except AssayError as error:
        return Line(name, False, f"{what}: the analysis can't be done again: {error.message}")
    problems = [
        *compare.outcome(analysis, found, files),
        *_results(certificate, analysis, found.values, files),
    ]
    for file, given, form in zip(analysis.files, inputs, formats, strict=True):
        if (file.bytes, file.format) != (len(given.data), form):
            problems.append(f"{file.name} has {len(given.data)} bytes of {form}, not {file.bytes} of {file.format}")
    if problems:
        return Line(name, False, f"{what}: {'; '.join(problems[:5])}")
    if not analysis.recomputable:
        values = f"{len(found.values)} value(s) as the worksheet says"
        return Line(name, None, f"{what}: not recomputable, a person is the source; {values}")
    return Line(name, True, f"{what}: {len(found.values)} value(s) recomputed from {len(inputs)} file(s), all agree")


def _results(
    certificate: Certificate, analysis: AnalysisRecord, found: Sequence[Value], files: Mapping[str, bytes]
) -> Iterator[str]:
    try:
        lines = {line.code: line for line in parse_specification(files.get(SPECIFICATION, b"")).lines}
    except SpecificationError:
        return  # told by ``verdicts``
    for test in certificate.tests:
        for result in test.results if test.analysis == analysis.id else ():
            value, line = value_of(result, found), lines.get(test.code)
            if value is None or line is None or not _agrees(result, value.value, line):
                what = f"{test.code} {result.sample}: reported {result.reported}"
                yield f"{what} does not follow from the raw files"
