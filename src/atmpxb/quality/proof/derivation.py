"""What a record says because its documents say so, derived again from the attached bytes and compared.

Specification and method documents are identified by digest. Everything that a certificate repeats of them (titles,
codes, versions, references, limits, words of an observation) and everything that follows from its own parts (the
conclusion, who performed) has one right form; a record that says otherwise is named by place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atmpxb.notes import Fact, Note, note
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
#: What is compared, where it has a name in sentences; anything else goes by its name in the record.
_WORDS = {
    "limit text": note("derived.limit_text", "limit text"),
    "method version": note("derived.method_version", "method version"),
    "what is shown": note("derived.shown", "what is shown"),
    "title": note("derived.title", "title"),
    "method": note("derived.method", "method"),
    "reference": note("derived.reference", "reference"),
    "rounding": note("derived.rounding", "rounding"),
    "informative": note("derived.informative", "informative"),
    "limit": note("derived.limit", "limit"),
    "code": note("derived.code", "code"),
    "version": note("derived.version", "version"),
    "product": note("derived.product", "product"),
    "kind": note("derived.kind", "kind"),
    "reportable": note("derived.reportable", "reportable"),
    "unit": note("derived.unit", "unit"),
    "interval": note("derived.interval", "interval"),
    "why": note("derived.why", "why"),
    "verdict": note("derived.verdict", "verdict"),
    "text": note("derived.text", "text"),
}


def told(certificate: Certificate, files: Mapping[str, bytes]) -> Line:
    """One line about everything that the documents determine."""
    try:
        specification = parse_specification(files.get(SPECIFICATION, b""))
        methods = {digest: parse(files.get(method_name(digest), b"")) for digest in _digests(certificate)}
    except AssayError as error:
        said = note("derived.unreadable", "an attached document can't be read: {problem}", problem=error.note)
        return Line("derived", False, said)
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
    agreed = note("derived.agrees", "{count} test(s) say what the documents say of them", count=count)
    return Line("derived", not problems, tuple(problems[:5]) or agreed)


def _digests(certificate: Certificate) -> set[str]:
    tested = {line.method_sha256 for line in certificate.tests}
    return tested | {analysis.method.sha256 for analysis in certificate.analyses}


def _differ(place: Fact, said: Mapping[str, Any], due: Mapping[str, Any]) -> Iterator[Note]:
    for name, value in said.items():
        if plain(value) != plain(due[name]):
            yield note(
                "derived.differs",
                "{place}: {name} says {said}, by the documents it is {due}",
                place=place,
                name=_WORDS.get(name, name),
                said=f"{plain(value)!r:.80}",
                due=f"{plain(due[name])!r:.80}",
            )


def _specification(certificate: Certificate, found: Specification) -> Iterator[Note]:
    named = certificate.specification
    yield from _differ(
        note("derived.specification", "specification"),
        {"code": named.code, "version": named.version, "product": certificate.product.code},
        {"code": found.code, "version": found.version, "product": found.product},
    )


def _method(analysis: AnalysisRecord, methods: Mapping[str, Method]) -> Iterator[Note]:
    said, found = analysis.method, methods[analysis.method.sha256]
    due = {name: getattr(found, name) for name in ("code", "version", "kind", "title", "reference")}
    yield from _differ(analysis.id, {name: getattr(said, name) for name in due}, due)
    if not ENGINE.fullmatch(analysis.engine):
        yield note(
            "derived.engine",
            "{run}: {engine} is no engine that this program knows",
            run=analysis.id,
            engine=f"{analysis.engine!r:.60}",
        )
    roles = {one.role: one for one in found.inputs}
    for file in analysis.files:
        if file.role not in roles:
            yield note(
                "derived.role",
                "{run}: {file} plays {role}, which is no role of {method}",
                run=analysis.id,
                file=file.name,
                role=f"{file.role!r:.40}",
                method=said.code,
            )
        elif file.format not in roles[file.role].formats:
            yield note(
                "derived.format",
                "{run}: {file} is {format}, no format for {role} of {method}",
                run=analysis.id,
                file=file.name,
                format=f"{file.format!r:.40}",
                role=file.role,
                method=said.code,
            )


def _lines(certificate: Certificate, specification: Specification) -> Iterator[Note]:
    """Every line of the specification has its place, tested or not, in the order of the specification."""
    said = [test.code for test in certificate.tests]
    due = [line.code for line in specification.lines]
    missing = [code for code in due if code not in said]
    if missing:
        yield note(
            "derived.missing",
            "it leaves out {codes} of the specification: neither tested, pending nor said not to be",
            codes=", ".join(missing),
        )
    if foreign := [code for code in said if code not in due]:
        yield note("derived.foreign", "{codes} is no test of the specification", codes=", ".join(foreign))
    if not missing and not foreign and said != due:
        yield note("derived.order", "the tests do not stand in the order of the specification")


def _test(certificate: Certificate, test: TestLine, line: SpecificationLine, method: Method) -> Iterator[Note]:
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
        yield note(
            "derived.other_method",
            "{code}: its method document is {method} {version}",
            code=test.code,
            method=method.code,
            version=method.version,
        )
    if len({result.sample for result in test.results}) != len(test.results):
        yield note("derived.one_sample", "{code}: two results are of one sample", code=test.code)
    for result in test.results:
        yield from _result(certificate, test, line, result, known)


def _result(
    certificate: Certificate, test: TestLine, line: SpecificationLine, result: Result, known: derived.Choices
) -> Iterator[Note]:
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


def _samples(certificate: Certificate) -> Iterator[Note]:
    labels = [sample.label for sample in certificate.samples]
    if len(set(labels)) != len(labels):
        yield note("derived.one_label", "two samples have one label")
    for test in certificate.tests:
        for result in test.results:
            if result.sample not in labels:
                yield note(
                    "derived.sample",
                    "{code}: sample {sample} is not among those that were received",
                    code=test.code,
                    sample=f"{result.sample!r:.40}",
                )


def _conclusion(certificate: Certificate) -> Iterator[Note]:
    due = derived.conclusion(certificate.kind, certificate.tests)
    said = certificate.conclusion
    yield from _differ(
        note("derived.conclusion", "conclusion"),
        {"verdict": said.verdict, "text": said.text},
        {"verdict": due.verdict, "text": due.text},
    )


def _performers(certificate: Certificate) -> Iterator[Note]:
    """Who performed is the issuer, or a laboratory that the table of subcontracted tests names."""
    issuer = certificate.issued_by.name
    others = {(code, part.organisation.name) for part in certificate.subcontracted for code in part.tests}
    reported = [test for test in certificate.tests if test.status == "approved"]
    for test in reported:
        if test.subcontracted != ((test.code, test.performed_by) in others):
            yield note(
                "derived.unclear",
                "{code}: it is not clear whether {performer} did it as a subcontractor",
                code=test.code,
                performer=f"{test.performed_by!r:.60}",
            )
        elif not test.subcontracted and test.performed_by != issuer:
            yield note(
                "derived.performer",
                "{code}: performed by {performer}, which is neither issuer nor subcontractor",
                code=test.code,
                performer=f"{test.performed_by!r:.60}",
            )
    for code, _ in sorted(others - {(test.code, test.performed_by) for test in reported}):
        yield note(
            "derived.subcontracted",
            "{code} is named as subcontracted, but no such test was performed there",
            code=f"{code!r:.40}",
        )
    for signature in certificate.signatures:
        if signature.organisation != issuer:
            yield note(
                "derived.signed_for",
                "{name} signed for {organisation}, not for {issuer}",
                name=signature.name,
                organisation=f"{signature.organisation!r:.60}",
                issuer=issuer,
            )
