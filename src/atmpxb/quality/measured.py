"""When a test was measured: what the raw files, the bench or a partner's report say, never when we calculated.

A file's time without a zone is read in the zone of the laboratory, and said to be. Where nothing states a time, none is
made up: the moment at which the file arrived is kept beside it, as what it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import REPORT_DATE
from atmpxb.quality.assays.worksheet import entry_of
from atmpxb.quality.models import Analysis, Result, Run, RunFile, Sample, Test
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.science.instruments.acquisition import stated_time


@dataclass(frozen=True, slots=True)
class Acquired:
    """The time that a file states. It was surely over by ``at + precision``."""

    at: datetime
    precision: timedelta
    zoneless: bool


def acquired(facts: Mapping[str, Any], zone: str) -> Acquired | None:
    """The acquisition time among the facts of a file; None where it states none that can be read."""
    found = stated_time(str(facts.get("acquired_at") or ""))
    if found is None:
        return None
    at = found.at.replace(tzinfo=ZoneInfo(zone)) if found.zoneless else found.at
    return Acquired(at, found.precision, found.zoneless)


def measured(test: Test, analysis: Analysis, reportable: str) -> dict[str, Any]:
    """What is kept beside a result: ``source`` (instrument, bench, report), the first and last time in UTC or the
    ``date`` of a report, ``zoneless`` where a file named no zone, and when its files arrived.
    """
    run = analysis.run
    source = registry.kind(run.kind).source
    files = _files(run, analysis, test.sample.label)
    found: dict[str, Any] = {
        "source": source, "first_at": None, "last_at": None, "date": None, "zoneless": False, "unstated": 0,
        "attached_at": utc_text(max(one.attached_at for one in files)) if files else None,
    }  # fmt: skip
    if source == "bench":
        return found | _span(_written(run, test, reportable))
    if source == "report":
        return found | {"date": analysis.inputs["bench"].get(REPORT_DATE)}
    times = [acquired(one.facts, run.organisation.zone) for one in files]
    known = [one for one in times if one]
    return found | _span(one.at for one in known) | {
        "zoneless": any(one.zoneless for one in known),
        "unstated": len(times) - len(known),
    }  # fmt: skip


def collected(sample: Sample) -> datetime:
    """The earliest moment at which a sample can have been measured: its collection, else when its batch was made."""
    return sample.collected_at or sample.order.request.batch.manufactured_at


def before_receipt(file: RunFile, samples: Iterable[Sample]) -> Acquired | None:
    """The time of a file that was measured before the sample was received for which it was measured.

    A file for no one sample, such as a plate, is compared with the sample that came last.
    """
    found = acquired(file.facts, file.run.organisation.zone)
    received = [
        sample.received_at for sample in samples
        if sample.received_at and file.sample_id in (None, sample.pk)
    ]  # fmt: skip
    return found if found and received and found.at + found.precision <= max(received) else None


def too_late(result: Result) -> bool:
    """Whether a result was measured after the time for which its sample holds."""
    last, use_by = result.measured.get("last_at"), result.test.sample.use_by
    return bool(last and use_by and datetime.fromisoformat(last) > use_by)


def _files(run: Run, analysis: Analysis, sample: str) -> list[RunFile]:
    """The files that went into the result of a sample: its own, and those of the whole run such as a plate."""
    used = {f["sha256"] for f in analysis.inputs["files"] if f["sample"] in ("", sample)}
    attached = run.files.filter(file__sha256__in=used).exclude(state="withdrawn")
    return list({one.file.sha256: one for one in attached.select_related("file")}.values())


def _written(run: Run, test: Test, reportable: str) -> list[datetime]:
    """When the reported entry was written at the bench, from the first writing to the last correction."""
    method = parse(run.method.source.encode())
    found = next((one for one in method.reportables if one.code == reportable), None)
    entry = entry_of(method, found) if found else None
    if entry is None:
        return []
    rows = run.entries.filter(code=entry.code, sample=test.sample if entry.per_sample else None)
    return list(rows.values_list("written_at", flat=True))


def _span(times: Iterable[datetime]) -> dict[str, Any]:
    found = sorted(times)
    return {"first_at": utc_text(found[0]), "last_at": utc_text(found[-1])} if found else {}
