"""From record to what the pages show: texts in one language, ready to lay out, nothing left to decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from atmpxb.notes import Voice, say
from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate.figures import figures
from atmpxb.quality.certificate.labels import LABELS
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Organisation, Result, TestLine
from atmpxb.quality.certificate.wording import (
    INTERIM,
    VERDICTS,
    decimal,
    local,
    localised,
    measured,
    printable,
    shown_limit,
    shown_result,
    unit,
    utc,
)

type Plots = Mapping[str, Sequence[Plot]]  # analysis id → its plots


def pages(
    certificate: Certificate, record_sha256: str, plots: Plots, qr_svg: str, proof: Mapping[str, str], voice: Voice
) -> Any:
    """The content of the pages as JSON-ready data, every text printable.

    Args:
        voice: tells notes in the language of the pages.
        proof: label code (``entry``, ``checkpoint``) → digest or key id to print in the annex.
    """
    words = LABELS[certificate.language]
    interim = certificate.kind == "interim"
    issuer = certificate.issued_by
    title = words["interim_title"] if interim else words["title"]
    number = f"{certificate.number} · {words['version']} {certificate.version}"
    banner = {"title": INTERIM[certificate.language], "text": _interim(certificate, words)} if interim else None
    content = {
        "language": certificate.language,
        "metadata": _metadata(certificate, title),
        "page": {
            "left": f"{title} {number}",
            "right": issuer.name,
            "interim": INTERIM[certificate.language],
            "footer": f"{_short(certificate.product.name)} · {words['batch']} {_short(certificate.batch.number)}",
            "number": number,
            "page": words["page"],
            "of": words["of"],
            "demo": words["illustrative"] if certificate.illustrative else None,
        },
        "banner": banner,
        "issuer": {
            "name": issuer.name,
            "address": " · ".join(part for part in (issuer.address, issuer.country) if part),
        },
        "title": title,
        "subtitle": f"{number} · {words['issued']} {utc(certificate.issued_at)}",
        "qr": {
            "svg": qr_svg,
            "alt": f"{words['qr']} {certificate.verification_url}",
            "caption": words["verify"],
        },
        "notes": _notes(certificate, words),
        "identity": _identity(certificate, words),
        "results": _results(certificate, words),
        "conclusion": {
            "heading": words["conclusion"],
            "code": "pending" if interim else certificate.conclusion.verdict,
            "verdict": VERDICTS[certificate.language][certificate.conclusion.verdict],
            "text": certificate.conclusion.text[certificate.language],
        },
        "tables": _tables(certificate, words, voice),
        "signatures": _signatures(certificate, words),
        "statements": [
            words["in_part"],
            words["relates"],
            f"{words['verify_at']} {certificate.verification_url}",
        ],
        "annex": {
            "heading": words["annex"],
            "text": words["annex_text"],
            "parts": [_annex(a, certificate, words, plots.get(a.id, ()), voice) for a in certificate.analyses],
        },
        "proof": {
            "heading": words["proof"],
            "text": words["proof_text"],
            "digests": [
                [words["record"], record_sha256],
                [words["specification_bytes"], certificate.specification.sha256],
                *[[words[name], text] for name, text in proof.items()],
            ],
        },
    }
    return _printable(content)


def _short(text: str, most: int = 60) -> str:
    """A name for the foot of each page, which has one line; the first page has all of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value


def _metadata(certificate: Certificate, title: str) -> dict[str, Any]:
    at = datetime.fromisoformat(certificate.issued_at)
    return {
        "title": f"{title} {certificate.number} ({certificate.product.name}, {certificate.batch.number})",
        "author": certificate.issued_by.name,
        "keywords": [certificate.schema, certificate.kind, certificate.number],
        "description": title,
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }


def _interim(certificate: Certificate, words: Mapping[str, str]) -> str:
    pending = [line for line in certificate.tests if line.status == "pending"]
    return f"{words['interim_text']} {len(pending)} {words['interim_pending']}"


def _notes(certificate: Certificate, words: Mapping[str, str]) -> list[str]:
    notes = [words["illustrative"]] if certificate.illustrative else []
    if replaced := certificate.replaces:
        notes.append(
            f"{words['replaces']} {replaced.number} {words['version']} {replaced.version}."
            f" {words['reason']}: {replaced.reason}"
        )
    return notes


def _identity(certificate: Certificate, words: Mapping[str, str]) -> list[dict[str, Any]]:
    product, batch, specification = certificate.product, certificate.batch, certificate.specification
    expires = local(batch.expires_at, batch.zone) if batch.expires_at else words["none"]
    return [
        {
            "heading": words["product_and_batch"],
            "pairs": [
                [words["product"], f"{product.name} ({product.code})"],
                [words["batch"], batch.number],
                [words["dosage_form"], product.dosage_form],
                [words["manufacturer"], batch.manufacturer],
                [words["manufactured"], local(batch.manufactured_at, batch.zone)],
                [words["expires"], expires],
                [words["specification"], f"{specification.code} v{specification.version}"],
                [words["requested_by"], _organisation(certificate.requested_by)],
            ],
        }
    ]


def _organisation(organisation: Organisation) -> str:
    return ", ".join(part for part in (organisation.name, organisation.address, organisation.country) if part)


def _results(certificate: Certificate, words: Mapping[str, str]) -> dict[str, Any]:
    rows = [row for line in certificate.tests for row in _rows(line, certificate, words)]
    notes = [words["rounding_note"]]
    if any(line.subcontracted for line in certificate.tests):
        notes.append(words["subcontracted_note"])
    if any(line.status == "not_tested" for line in certificate.tests):
        notes.append(words["not_tested_note"])
    if any(not analysis.recomputable for analysis in certificate.analyses):
        notes.append(words["not_recomputable_note"])
    columns = [words[name] for name in ("test", "method", "limit", "result", "unit", "verdict")]
    return {"heading": words["results"], "columns": columns, "rows": rows, "notes": notes}


def _rows(line: TestLine, certificate: Certificate, words: Mapping[str, str]) -> list[dict[str, str]]:
    language = certificate.language
    marks = [words["subcontracted_mark"]] if line.subcontracted else []
    if any(one.id == line.analysis and not one.recomputable for one in certificate.analyses):
        marks.append(words["not_recomputable_mark"])
    same = {
        "test": line.title[language],
        "method": f"{line.method} v{line.method_version}",
        "reference": line.reference,
        "limit": shown_limit(line, language),
    }
    if line.status != "approved":
        note = line.reason if line.status == "not_tested" else f"{words['due']} {utc(line.due_at or '')}"
        empty = {"detail": "; ".join(marks), "result": "—", "interval": "", "unit": ""}
        verdict = {"code": line.status, "verdict": VERDICTS[language][line.status]}
        return [{**same, **empty, **verdict, "note": note}]
    rows = []
    for result in line.results:
        detail = [f"{words['sample']} {result.sample}"] if result.sample else []
        rows.append(
            {
                **same,
                "detail": "; ".join([*detail, *marks]),
                "result": shown_result(result, language),
                "interval": _interval(result, language),
                "unit": unit(result.unit) if result.reported else "",
                "code": result.verdict,
                "verdict": VERDICTS[language][result.verdict],
                "note": result.why.get(language, ""),
            }
        )
    return rows


def _interval(result: Result, language: str) -> str:
    """The interval with four significant digits: it informs, the value decides."""
    if result.interval is None:
        return ""
    try:
        low, high = (f"{float(end):.4g}" for end in (result.interval.low, result.interval.high))
        percent = f"{float(result.interval.confidence) * 100:.4g}"
    except ValueError:
        return ""
    return f"{percent} %: {decimal(low, language)} – {decimal(high, language)}"


def _tables(certificate: Certificate, words: Mapping[str, str], voice: Voice) -> list[dict[str, Any]]:
    language = certificate.language
    samples = [
        [
            f"{sample.label} · {sample.title[language]}",
            local(sample.received_at, certificate.issued_by.zone),
            sample.condition,
            " · ".join(
                f"{decimal(text, language)} {unit}"
                for text, unit in ((sample.temperature_c, "°C"), (sample.volume_ul, "µL"))
                if text is not None
            ),
        ]
        for sample in certificate.samples
    ]
    dates = [
        [
            line.title[language],
            measured(line.measured, certificate.issued_by.zone, language)
            if line.measured
            else VERDICTS[language][line.status],
            utc(line.analysed_at) if line.analysed_at else "—",
            "—" if line.status == "not_tested" else line.performed_by,
        ]
        for line in certificate.tests
    ]
    titles = {line.code: line.title[language] for line in certificate.tests}
    subcontracted = [
        [
            _organisation(part.organisation),
            ", ".join(titles.get(code, code) for code in part.tests),
            part.certificate or words["none"],
        ]
        for part in certificate.subcontracted
    ]
    deviations = [
        [
            local(found.happened_at, certificate.issued_by.zone),
            _told(found.what, voice),
            "; ".join([*(_told(one, voice) for one in found.details), *_reason(_told(found.reason, voice), words)])
            or "—",
        ]
        for found in certificate.deviations
    ]
    return [
        _table(words, "samples", ("sample", "received", "condition", "temperature_volume"), samples),
        _table(words, "dates", ("test", "measured", "analysed", "performed_by"), dates),
        _table(words, "subcontracted", ("laboratory", "tests", "certificate"), subcontracted),
        _table(words, "deviations", ("when", "what_happened", "details"), deviations)
        | {"note": _on_file(certificate, words)},
    ]


def _table(words: Mapping[str, str], name: str, columns: tuple[str, ...], rows: list[list[str]]) -> dict[str, Any]:
    return {
        "heading": words[name],
        "columns": [words[c] for c in columns],
        "rows": rows,
        "empty": words["none"],
        "note": "",
    }


def _reason(reason: str, words: Mapping[str, str]) -> list[str]:
    return [f"{words['reason']}: {reason}"] if reason else []


def _on_file(certificate: Certificate, words: Mapping[str, str]) -> str:
    number = certificate.deviations_on_file
    return f"{words['on_file']}: {number}." if number else ""


def _signatures(certificate: Certificate, words: Mapping[str, str]) -> dict[str, Any]:
    methods = {one.id: f"{one.id} · {one.method.code}" for one in certificate.analyses}
    items = [
        {
            "meaning": signature.meaning[certificate.language],
            "about": methods.get(signature.about, certificate.number),
            "name": signature.name,
            "function": f"{signature.function}, {signature.organisation}",
            "at": utc(signature.at),
            "manifest": signature.manifest_sha256,
        }
        for signature in certificate.signatures
    ]
    return {"heading": words["signatures"], "items": items}


def _annex(
    analysis: AnalysisRecord, certificate: Certificate, words: Mapping[str, str], plots: Sequence[Plot], voice: Voice
) -> dict[str, Any]:
    language, method = certificate.language, analysis.method
    source = words["recomputable" if analysis.recomputable else "not_recomputable"]
    checks = [
        [
            check.title[language],
            localised(_told(check.criterion, voice), language),
            localised(_told(check.observed, voice), language),
            words[_judged(check.passed)],
        ]
        for check in analysis.checks
    ]
    remarks = [
        *[[words["exclusion"], _told(item.what, voice), _told(item.reason, voice)] for item in analysis.exclusions],
        *[[words["repair"], *item.told(voice)] for item in analysis.repairs],
        *[[words["warning"], "", _told(warning, voice)] for warning in analysis.warnings],
    ]
    tables = [
        _table(words, "checks", ("check", "criterion", "observed", "outcome"), checks),
        _table(words, "remarks", ("kind", "where", "what"), remarks),
    ]
    return {
        "heading": f"{method.title[language]} · {method.code} v{method.version}",
        "text": f"{source} {words['engine']} {analysis.engine}.",
        "figures": figures(plots, language, words),
        "tables": [table for table in tables if table["rows"]],
        "files": [
            {"text": f"{file.name} · {file.role} · {file.sample} · {file.bytes} B", "sha256": file.sha256}
            for file in analysis.files
        ]
        + [{"text": f"{words['method']} {method.code} v{method.version}", "sha256": method.sha256}],
    }


def _told(fact: object, voice: Voice) -> str:
    return say(fact, voice) if fact else ""


def _judged(passed: bool | None) -> str:
    return "not_judged" if passed is None else "passed" if passed else "failed"
