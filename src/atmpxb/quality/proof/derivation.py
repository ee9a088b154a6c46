"""What a record says because its documents say so, derived again from the attached bytes and compared.

Specification and method documents are identified by digest. Everything that a certificate repeats of them (titles,
codes, versions, references, limits, words of an observation) and everything that follows from its own parts (the
conclusion, who performed) has one right form; a record that says otherwise is named by place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, Method
from atmpxb.quality.certificate import derived
from atmpxb.quality.certificate.attachments import SPECIFICATION, method_name
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Result, TestLine
from atmpxb.quality.certificate.sense import value_of
from atmpxb.quality.limits import Specification, SpecificationLine, judge, parse_specification
from atmpxb.quality.proof.line import Line

#: What calculates: this program, at a version.
ENGINE = re.compile(r"atmpxb \d{1,4}(\.\d{1,4}){1,3}[0-9a-z.+-]{0,40}")


def told(certificate: Certificate, files: Mapping[str, bytes]) -> Line:
    """One line about everything that the documents determine."""
    try:
        specification = parse_specification(files.get(SPECIFICATION, b""))
        methods = {digest: parse(files.get(method_name(digest), b"")) for digest in _digests(certificate)}
    except AssayError as error:
        return Line("derived", False, f"an attached document can't be read: {error.message}")
    problems = [
        *_specification(certificate, specification),
        *(problem for analysis in certificate.analyses for problem in _method(analysis, methods)),
        *_lines(certificate, specification),
        *_samples(certificate),
        *_conclusion(certificate),
        *_performers(certificate),
    ]
    lines = {line.code: line for line in specification.lines}
    for test in certificate.tests:
        if test.code in lines:
            problems += _test(certificate, test, lines[test.code], methods[test.method_sha256])
    count = len(certificate.tests)
    return Line(
        "derived", not problems, "; ".join(problems[:5]) or f"{count} test(s) say what the documents say of them"
    )


def _digests(certificate: Certificate) -> set[str]:
    tested = {line.method_sha256 for line in certificate.tests}
    return tested | {analysis.method.sha256 for analysis in certificate.analyses}


def _differ(place: str, said: Mapping[str, Any], due: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        if plain(value) != plain(due[name]):
            yield f"{place}: {name} says {plain(value)!r:.80}, by the documents it is {plain(due[name])!r:.80}"


def _specification(certificate: Certificate, found: Specification) -> Iterator[str]:
    named = certificate.specification
    yield from _differ(
        "specification",
        {"code": named.code, "version": named.version, "product": certificate.product.code},
        {"code": found.code, "version": found.version, "product": found.product},
    )


def _method(analysis: AnalysisRecord, methods: Mapping[str, Method]) -> Iterator[str]:
    said, found = analysis.method, methods[analysis.method.sha256]
    due = {name: getattr(found, name) for name in ("code", "version", "kind", "title", "reference")}
    yield from _differ(analysis.id, {name: getattr(said, name) for name in due}, due)
    if not ENGINE.fullmatch(analysis.engine):
        yield f"{analysis.id}: {analysis.engine!r:.60} is no engine that this program knows"
    roles = {one.role: one for one in found.inputs}
    for file in analysis.files:
        if file.role not in roles:
            yield f"{analysis.id}: {file.name} plays {file.role!r:.40}, which is no role of {said.code}"
        elif file.format not in roles[file.role].formats:
            yield f"{analysis.id}: {file.name} is {file.format!r:.40}, no format for {file.role} of {said.code}"


def _lines(certificate: Certificate, specification: Specification) -> Iterator[str]:
    """Every line of the specification has its place, tested or not, in the order of the specification."""
    said = [test.code for test in certificate.tests]
    due = [line.code for line in specification.lines]
    missing = [code for code in due if code not in said]
    if missing:
        yield f"it leaves out {', '.join(missing)} of the specification: neither tested, pending nor said not to be"
    if foreign := [code for code in said if code not in due]:
        yield f"{', '.join(foreign)} is no test of the specification"
    if not missing and not foreign and said != due:
        yield "the tests do not stand in the order of the specification"


def _test(certificate: Certificate, test: TestLine, line: SpecificationLine, method: Method) -> Iterator[str]:
    known = derived.choices(method, line)
    said = {
        "title": test.title, "method": test.method, "reference": test.reference, "rounding": test.rounding,
        "informative": test.informative, "limit": test.limit.data, "limit text": test.limit.text,
        "method version": test.method_version,
    }  # fmt: skip
    due = {
        "title": line.title, "method": line.method, "reference": line.reference, "rounding": line.rounding,
        "informative": line.informative, "limit": line.limit or {}, "limit text": derived.limit_words(line, known),
        "method version": line.method_version or method.version,
    }  # fmt: skip
    yield from _differ(test.code, said, due)
    if (method.code, method.version) != (test.method, test.method_version):
        yield f"{test.code}: its method document is {method.code} {method.version}"
    if len({result.sample for result in test.results}) != len(test.results):
        yield f"{test.code}: two results are of one sample"
    for result in test.results:
        yield from _result(certificate, test, line, result, known)


def _result(
    certificate: Certificate, test: TestLine, line: SpecificationLine, result: Result, known: derived.Choices
) -> Iterator[str]:
    analysis = next(one for one in certificate.analyses if one.id == test.analysis)
    value = value_of(result, analysis.values)
    if value is None:
        return  # a record without it is not read
    unit = value.unit or line.unit
    why = dict(value.why or judge(value.value, value.interval, line, unit).why)
    yield from _differ(
        f"{test.code} {result.sample}".strip(),
        {"reportable": result.reportable, "unit": result.unit, "interval": result.interval, "why": result.why,
         "what is shown": result.shown},
        {"reportable": line.reportable, "unit": unit, "interval": value.interval, "why": why,
         "what is shown": derived.shown(result.value, known)},
    )  # fmt: skip


def _samples(certificate: Certificate) -> Iterator[str]:
    labels = [sample.label for sample in certificate.samples]
    if len(set(labels)) != len(labels):
        yield "two samples have one label"
    for test in certificate.tests:
        for result in test.results:
            if result.sample not in labels:
                yield f"{test.code}: sample {result.sample!r:.40} is not among those that were received"


def _conclusion(certificate: Certificate) -> Iterator[str]:
    due = derived.conclusion(certificate.kind, certificate.tests)
    said = certificate.conclusion
    yield from _differ(
        "conclusion", {"verdict": said.verdict, "text": said.text}, {"verdict": due.verdict, "text": due.text}
    )


def _performers(certificate: Certificate) -> Iterator[str]:
    """Who performed is the issuer, or a laboratory that the table of subcontracted tests names."""
    issuer = certificate.issued_by.name
    others = {(code, part.organisation.name) for part in certificate.subcontracted for code in part.tests}
    reported = [test for test in certificate.tests if test.status == "approved"]
    for test in reported:
        if test.subcontracted != ((test.code, test.performed_by) in others):
            yield f"{test.code}: it is not clear whether {test.performed_by!r:.60} did it as a subcontractor"
        elif not test.subcontracted and test.performed_by != issuer:
            yield f"{test.code}: performed by {test.performed_by!r:.60}, which is neither issuer nor subcontractor"
    for code, _ in sorted(others - {(test.code, test.performed_by) for test in reported}):
        yield f"{code!r:.40} is named as subcontracted, but no such test was performed there"
    for signature in certificate.signatures:
        if signature.organisation != issuer:
            yield f"{signature.name} signed for {signature.organisation!r:.60}, not for {issuer}"
