"""Where a number comes from: from the reported result back to the bytes of the files."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from atmpxb.quality.assays import registry
from atmpxb.quality.assays.seam import Repair
from atmpxb.quality.certificate.form import rebuilt
from atmpxb.quality.models import Certificate, Result
from atmpxb.quality.queries.documents import choices_of, method_of
from atmpxb.quality.queries.history import Event, events_of
from atmpxb.quality.queries.outcome import Judged, judged
from atmpxb.quality.saying import repair_texts, said
from atmpxb.quality.states import TestState
from atmpxb.records.people.actor import Actor


@dataclass(frozen=True, slots=True)
class Source:
    """A raw file that went into the number."""

    id: UUID | None
    name: str
    role: str
    sample: str
    sha256: str
    bytes: int | None
    own: bool  # measured on the sample of this result


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything behind a result."""

    shown: Judged
    value: str | None
    rule: str
    rounding: str
    interval: dict[str, str]
    current: bool
    measured_at: datetime
    test_state: str
    run: str
    run_id: UUID
    method: str
    method_id: UUID
    method_title: dict[str, str]
    method_sha256: str
    reference: str
    specification: str
    specification_sha256: str
    engine: str
    input_digest: str
    recomputable: bool
    files: tuple[Source, ...]
    bench: tuple[tuple[str, str], ...]
    exclusions: tuple[tuple[str, str], ...]  # what, why
    repairs: tuple[tuple[str, str], ...]  # where, what was done
    warnings: tuple[str, ...]
    receipts: tuple[Event, ...]
    certificates: tuple[str, ...]


def provenance(actor: Actor, result: UUID) -> Provenance:
    """Everything behind a result of the actor's laboratory. Raises Result.DoesNotExist for another's."""
    row = Result.objects.select_related(
        "test__sample", "test__order__request__specification__document", "analysis__run__method__document"
    ).get(pk=result, organisation_id=actor.organisation_id)
    analysis, test = row.analysis, row.test
    run = analysis.run
    method = method_of(run.method)
    attached = {one.file.sha256: one for one in run.files.select_related("file")}
    found = analysis.outcome
    rounding = row.line.get("rounding") or {}
    digits = rounding.get("decimals") if rounding.get("decimals") is not None else rounding.get("significant")
    return Provenance(
        shown=judged(row, method, choices_of(method)),
        value=row.value,
        rule=str(rounding.get("rule") or ""),
        rounding="" if digits is None else str(digits),
        interval={key: str(text) for key, text in row.interval.items() if text},
        current=row.current,
        measured_at=row.measured_at,
        test_state=str(TestState(test.state).label),
        run=run.number,
        run_id=run.pk,
        method=str(run.method),
        method_id=run.method_id,
        method_title=run.method.title,
        method_sha256=run.method.sha256,
        reference=str(row.line.get("reference") or method.reference),
        specification=str(test.order.request.specification),
        specification_sha256=test.order.request.specification.sha256,
        engine=analysis.engine,
        input_digest=analysis.input_digest,
        recomputable=registry.kind(method.kind).recomputable,
        files=tuple(_source(file, attached, test.sample.label) for file in analysis.inputs["files"]),
        bench=tuple(_bench(analysis.inputs["bench"], test.sample.label)),
        exclusions=tuple((said(one["what"]), said(one["reason"])) for one in found.get("exclusions", ())),
        repairs=tuple(repair_texts(rebuilt(Repair, one)) for one in found.get("repairs", ())),
        warnings=tuple(said(one) for one in found.get("warnings", ())),
        receipts=events_of(actor, [analysis.pk, run.pk]),
        certificates=tuple(
            str(one)
            for one in Certificate.objects.filter(organisation_id=actor.organisation_id, order=test.order_id)
            if test.state == TestState.APPROVED
        ),
    )


def _source(file: dict[str, str], attached: dict[str, Any], sample: str) -> Source:
    row = attached.get(file["sha256"])
    return Source(
        id=row.pk if row else None,
        name=file["name"],
        role=file["role"],
        sample=file["sample"],
        sha256=file["sha256"],
        bytes=row.file.bytes if row else None,
        own=file["sample"] in ("", sample),
    )


def _bench(bench: dict[str, Any], sample: str) -> list[tuple[str, str]]:
    """The worksheet values that this result could depend on: those of the run and those of its sample."""
    found = []
    for code, value in sorted(bench.items()):
        if code == "plate_map":
            found.append((code, json.dumps(value, sort_keys=True)))
        elif isinstance(value, dict):
            if sample in value:
                found.append((code, str(value[sample])))
        else:
            found.append((code, str(value)))
    return found
