"""What the tests of an order went through that was not as planned, derived from the laboratory's own rows and chain.

Nobody types a deviation and nobody can leave one out. What a client must know to judge the results is printed; the rest
stays in the laboratory's file, counted on the certificate: see ``docs/decisions/0013``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation

from atmpxb.notes import Fact, Note, listed, note, template
from atmpxb.quality.actions.findings import current_analysis, early_key, keyed
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Entry, Words
from atmpxb.quality.certificate.form import LANGUAGES, rebuilt
from atmpxb.quality.certificate.record import Deviation
from atmpxb.quality.certificate.wording import VERDICTS
from atmpxb.quality.limits import parse_specification
from atmpxb.quality.measured import before_receipt, too_late
from atmpxb.quality.models import Cause, Order, Result, Run, RunFile, Sample, Test, WorksheetEntry
from atmpxb.quality.states import FileState, RunState, SampleState
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.models import LedgerEntry

#: Every kind by weight, the gravest first: what happened, and whether a certificate prints it.
KINDS: Mapping[str, tuple[str, bool]] = {
    "invalidated": (template("Run {what} was declared invalid"), True),
    "suitability": (template("A control of run {what} could not be judged"), True),
    "released": (template("A file that was set apart was used: {what}"), True),
    "early": (template("A file was measured before its sample was received: {what}"), True),
    "late": (template("Sample {what} was measured after its hold time"), True),
    "temperature": (template("Sample {what} arrived outside its temperature limits"), True),
    "short": (template("Sample {what} holds less than its tests need"), True),
    "hold": (template("Sample {what} was put on hold"), True),
    "missing": (template("Sample {what} did not arrive"), True),
    "withdrawn": (template("A usable file was left out: {what}"), True),
    "corrected": (template("A critical entry was corrected: {what}"), True),
    "amended": (template("An entry of the worksheet was corrected: {what}"), False),
    "refused": (template("A file was set apart and not used: {what}"), False),
    "excluded": (template("Data were left out by the method: {what}"), False),
}
#: What a note in plain form is made of; a problem holds more beside it.
_NOTE = tuple(field.name for field in fields(Note))
WEIGHTS = {kind: weight for weight, kind in enumerate(KINDS)}

_EVENTS = ("sample.held", "sample.put_on_hold", "sample.hold_lifted", "sample.missing", "file.released",
           "file.withdrawn", "run.invalidated", "run.reviewed")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Occurred:
    """A deviation with the record that it happened to. ``key`` names it in a signature."""

    key: str
    noun: str  # run, sample: the page that shows it
    subject: UUID
    record: Deviation

    @property
    def printed(self) -> bool:
        return KINDS[self.record.kind][1]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.record.happened_at)

    @property
    def grave(self) -> bool:
        """Whether the approver acknowledges it one by one."""
        return self.record.kind == "invalidated"


def occurred(order: Order) -> tuple[Occurred, ...]:
    """Everything that happened to an order's samples, runs, files and entries, the gravest first."""
    samples = list(order.samples.all())
    tests = list(order.tests.select_related("run__method", "run__organisation", "sample", "retest__run"))
    runs = list({test.run.pk: test.run for test in tests if test.run}.values())
    files = list(RunFile.objects.filter(run__in=runs).select_related("run", "sample"))
    story = _Story(order, [*(one.pk for one in samples), *(one.pk for one in runs), *(one.pk for one in files)])
    ours = {sample.pk for sample in samples}
    found = [one for sample in samples for one in _of_sample(sample, order, story)]
    for run in runs:
        if run.state == RunState.INVALID:
            found.append(_invalidated(run, [test for test in tests if test.run_id == run.pk], story))
            continue
        found += _of_run(run, story)
        found += [one for result in _results(run, order) for one in _of_result(result)]
        found += [
            one for file in files if file.run_id == run.pk and file.sample_id in (None, *ours)
            for one in _of_file(file, samples, story)
        ]  # fmt: skip
        found += _of_entries(run, ours)
    return tuple(sorted(found, key=lambda one: (WEIGHTS[one.record.kind], one.record.happened_at, one.key)))


class _Story:
    """What the laboratory's chain says of some records: event and subject → entries, oldest first."""

    def __init__(self, order: Order, subjects: Iterable[UUID]) -> None:
        self._told: dict[tuple[str, UUID], list[dict[str, Any]]] = {}
        rows = LedgerEntry.objects.filter(
            organisation_id=order.organisation_id, subject__in=list(subjects), event__in=_EVENTS
        )
        for entry in rows.order_by("seq"):
            self._told.setdefault((entry.event, entry.subject), []).append(entry.content)

    def of(self, subject: UUID, *events: str) -> list[dict[str, Any]]:
        return sorted(
            (entry for event in events for entry in self._told.get((event, subject), ())), key=lambda one: one["at"]
        )

    def at(self, subject: UUID, event: str, otherwise: datetime) -> str:
        told = self.of(subject, event)
        return str(told[-1]["at"]) if told else utc_text(otherwise)


def _occurred(
    kind: str, key: str, noun: str, subject: UUID, concerns: str | Words, at: str, *, reason: str | Note = "",
    details: Iterable[Note] = (),
) -> Occurred:  # fmt: skip
    named = {"en": concerns, "nl": concerns} if isinstance(concerns, str) else concerns
    what = note(f"deviation.{kind}", KINDS[kind][0], what=named)
    return Occurred(f"{kind}:{key}", noun, subject, Deviation(kind, named, what, reason, tuple(details), at))


def _of_sample(sample: Sample, order: Order, story: _Story) -> Iterator[Occurred]:
    name = str(sample)
    if sample.state == SampleState.MISSING:
        told = story.of(sample.pk, "sample.missing")[-1]
        yield _occurred("missing", f"{sample.pk}", "sample", sample.pk, name, told["at"], reason=told.get("reason", ""))
    if sample.received_at is None:
        return
    at = utc_text(sample.received_at)
    if text := _excursion(sample, order):
        yield _occurred("temperature", f"{sample.pk}", "sample", sample.pk, name, at, details=[text])
    if sample.minimum_ul is not None and sample.volume_ul is not None and sample.volume_ul < sample.minimum_ul:
        text = note(
            "sample.too_little",
            "{volume} µL received, {minimum} µL needed",
            volume=f"{sample.volume_ul.normalize():f}",
            minimum=f"{sample.minimum_ul.normalize():f}",
        )
        yield _occurred("short", f"{sample.pk}", "sample", sample.pk, name, at, details=[text])
    held: dict[str, Any] | None = None
    for number, entry in enumerate(story.of(sample.pk, "sample.held", "sample.put_on_hold", "sample.hold_lifted")):
        if entry["event"] != "sample.hold_lifted":
            held = entry
        elif held:
            yield _hold(sample, held, entry, number)
            held = None
    if held:
        yield _hold(sample, held, None, 0)


def _excursion(sample: Sample, order: Order) -> Note | None:
    plan = parse_specification(order.request.specification.source.encode()).sampling
    aliquot = next((one for one in plan.aliquots if one.code == sample.aliquot), None) if plan else None
    return aliquot.excursion(sample.temperature_c) if aliquot and sample.temperature_c is not None else None


def _hold(sample: Sample, held: dict[str, Any], lifted: dict[str, Any] | None, number: int) -> Occurred:
    if lifted:
        details = note("deviation.lifted", "lifted: '{why}'", why=lifted.get("reason", ""))
    else:
        details = note("deviation.not_lifted", "not lifted")
    why = held.get("reason") or next(
        (row["after"]["hold_reason"] for row in held.get("rows", ()) if "hold_reason" in row.get("after", {})), ""
    )
    return _occurred(
        "hold", f"{sample.pk}:{number}", "sample", sample.pk, str(sample), held["at"], reason=_told(why),
        details=[details],
    )  # fmt: skip


def _invalidated(run: Run, tests: list[Test], story: _Story) -> Occurred:
    """An invalid run with the results that it had and the runs that repeated its tests."""
    details: list[Note] = []
    if run.invalid_cause:
        details.append(note("deviation.cause", "{cause}", cause=_cause(run.invalid_cause)))
    for test in tests:
        result = test.results.filter(current=True).first()
        if result:
            details.append(_shown(result, test))
    again = sorted({repeat.run.number for test in tests if (repeat := _repeat(test)) and repeat.run})
    if again:
        details.append(note("deviation.repeated", "repeated in {runs}", runs=listed(again)))
    elif any(_repeat(test) for test in tests):
        details.append(note("deviation.to_repeat", "to be repeated"))
    at = story.at(run.pk, "run.invalidated", run.opened_at)
    return _occurred(
        "invalidated", f"{run.pk}", "run", run.pk, run.number, at, reason=run.invalid_reason, details=details
    )


def _repeat(test: Test) -> Test | None:
    return getattr(test, "retest", None)


def _shown(result: Result, test: Test) -> Note:
    return note(
        "deviation.result",
        "{test} ({sample}): {value}, {verdict} (invalidated)",
        test=result.line["title"],
        sample=str(test.sample),
        value=_amount(result.reported, result.unit) if result.reported else "—",
        verdict={language: VERDICTS[language][result.verdict].lower() for language in LANGUAGES},
    )


def _results(run: Run, order: Order) -> list[Result]:
    return list(
        Result.objects.filter(test__run=run, test__order=order, current=True).select_related(
            "test__sample", "test__run"
        )
    )


def _of_run(run: Run, story: _Story) -> Iterator[Occurred]:
    """Controls that nobody could judge, with the reviewer's word on them; data that the method left out."""
    analysis = current_analysis(run)
    if analysis is None:
        return
    said = dict(run.dispositions.values_list("exception", "text"))
    at = story.at(run.pk, "run.reviewed", run.opened_at)
    for number, (key, check) in enumerate(keyed(analysis, "checks")):
        if check["passed"] is not True:
            asked = rebuilt(Fact, check["criterion"])
            control = note("deviation.control", "{control}: {criterion}", control=check["title"], criterion=asked)
            yield _occurred(
                "suitability", f"{run.pk}:{number}", "run", run.pk, run.number, at,
                reason=said.get(key, ""), details=[control],
            )  # fmt: skip
    for number, item in enumerate(analysis.outcome.get("exclusions", ())):
        left_out = note(
            "deviation.left_out", "{data}: {why}", data=rebuilt(Fact, item["what"]), why=rebuilt(Fact, item["reason"])
        )
        yield _occurred("excluded", f"{run.pk}:{number}", "run", run.pk, run.number, at, details=[left_out])


def _of_result(result: Result) -> Iterator[Occurred]:
    if too_late(result):
        used_by = utc_text(result.test.sample.use_by)  # type: ignore[arg-type]
        yield _occurred(
            "late", f"{result.pk}", "run", result.test.run_id, str(result.test.sample),  # type: ignore[arg-type]
            result.measured["last_at"],
            details=[note("deviation.use_by", "to be used by {until}", until=used_by)],
        )  # fmt: skip


def _of_file(file: RunFile, samples: list[Sample], story: _Story) -> Iterator[Occurred]:
    problem, key, run = file.problem, f"{file.pk}", file.run
    if file.state == FileState.READY and "released" in problem:
        yield _occurred(
            "released", key, "run", run.pk, file.name, story.at(file.pk, "file.released", file.attached_at),
            reason=problem["released"], details=_why(problem),
        )  # fmt: skip
    elif file.state == FileState.WITHDRAWN and "code" not in problem:
        at = story.at(file.pk, "file.withdrawn", file.attached_at)
        yield _occurred("withdrawn", key, "run", run.pk, file.name, at, reason=str(problem.get("withdrawn", "")))
    elif file.state != FileState.READY:
        yield _occurred(
            "refused", key, "run", run.pk, file.name, utc_text(file.attached_at),
            reason=str(problem.get("withdrawn", "")), details=_why(problem),
        )  # fmt: skip
    if file.state == FileState.READY and (early := before_receipt(file, samples)):
        said = run.dispositions.filter(exception=early_key(file)).values_list("text", flat=True).first()
        yield _occurred("early", key, "run", run.pk, file.name, utc_text(early.at), reason=said or "")


def _of_entries(run: Run, ours: set[UUID]) -> Iterator[Occurred]:
    method = parse(run.method.source.encode())
    entries = {entry.code: entry for entry in method.entries}
    rows = run.entries.exclude(replaced_by=None).select_related("replaced_by", "sample")
    for old in rows:
        entry, new = entries.get(old.code), old.replaced_by
        if entry is None or new is None or old.sample_id not in (None, *ours):
            continue
        kind = "corrected" if entry.second_person else "amended"
        name = {
            language: " ".join(part for part in (run.number, text, str(old.sample or "")) if part)
            for language, text in entry.title.items()
        }
        yield _occurred(
            kind, f"{old.pk}", "run", run.pk, name, utc_text(new.written_at), reason=new.reason,
            details=[_change(entry, old, new)],
        )  # fmt: skip


def _change(entry: Entry, old: WorksheetEntry, new: WorksheetEntry) -> Note:
    """Old → new, in the words of a choice where it is one."""
    before, after = (entry.choices.get(one.value) or _amount(one.value, entry.unit) for one in (old, new))
    return note("deviation.change", "{before} → {after}", before=before, after=after)


def _amount(value: str, unit: str) -> str | Note:
    return note("deviation.amount", "{value} {unit}", value=value, unit=unit) if unit else value


def _why(problem: Mapping[str, Any]) -> list[Note]:
    """The note among what is kept of a file that can't be used as it is."""
    return [rebuilt(Note, {name: problem[name] for name in _NOTE})] if "text" in problem else []


def _told(reason: Any) -> str | Note:
    """The reason of a hold: a person's words, or the note of a rule."""
    return rebuilt(Note, reason) if isinstance(reason, Mapping) else str(reason)


def _cause(code: str) -> Words:
    """An assignable cause in both languages: the words are those of the pages."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = str(Cause(code).label)
    return found
