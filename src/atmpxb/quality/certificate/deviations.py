"""What the tests of an order went through that was not as planned, derived from the laboratory's own rows and chain.

Nobody types a deviation and nobody can leave one out. What a client must know to judge the results is printed; the rest
stays in the laboratory's file, counted on the certificate: see ``docs/decisions/0010``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation

from atmpxb.quality.actions.reviews import current_analysis
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Entry, Words
from atmpxb.quality.certificate.record import Deviation
from atmpxb.quality.certificate.wording import VERDICTS, decimal
from atmpxb.quality.limits import parse_specification
from atmpxb.quality.measured import before_receipt, too_late
from atmpxb.quality.models import Order, Result, Run, RunFile, Sample, Test, WorksheetEntry
from atmpxb.quality.states import FileState, RunState, SampleState
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.models import LedgerEntry

#: Every kind by weight, the gravest first: what happened in both languages, and whether a certificate prints it.
KINDS: Mapping[str, tuple[str, str, bool]] = {
    "invalidated": ("Run {what} was declared invalid", "Run {what} is ongeldig verklaard", True),
    "suitability": ("A control of run {what} could not be judged", "Een controle van run {what} was niet te beoordelen",
                    True),
    "released": ("A file that was set apart was used: {what}", "Een apart gezet bestand is gebruikt: {what}", True),
    "early": ("A file was measured before its sample was received: {what}",
              "Een bestand is gemeten voor het monster ontvangen is: {what}", True),
    "late": ("Sample {what} was measured after its hold time", "Monster {what} is na zijn houdbaarheid gemeten", True),
    "temperature": ("Sample {what} arrived outside its temperature limits",
                    "Monster {what} kwam buiten zijn temperatuurgrenzen aan", True),
    "short": ("Sample {what} holds less than its tests need", "Monster {what} bevat minder dan zijn tests vragen",
              True),
    "hold": ("Sample {what} was put on hold", "Monster {what} is in wacht gezet", True),
    "missing": ("Sample {what} did not arrive", "Monster {what} is niet aangekomen", True),
    "withdrawn": ("A usable file was left out: {what}", "Een bruikbaar bestand is weggelaten: {what}", True),
    "corrected": ("A critical entry was corrected: {what}", "Een kritische invoer is verbeterd: {what}", True),
    "amended": ("An entry of the worksheet was corrected: {what}", "Een invoer van het werkblad is verbeterd: {what}",
                False),
    "refused": ("A file was set apart and not used: {what}", "Een bestand is apart gezet en niet gebruikt: {what}",
                False),
    "excluded": ("Data were left out by the method: {what}", "De methode liet gegevens weg: {what}", False),
}  # fmt: skip
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
        return KINDS[self.record.kind][2]

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
    kind: str, key: str, noun: str, subject: UUID, what: str | Words, at: str, *, reason: str = "",
    details: Iterable[Words] = (),
) -> Occurred:  # fmt: skip
    english, dutch, _printed = KINDS[kind]
    named = _both(what) if isinstance(what, str) else what
    title = {"en": english.format(what=named["en"]), "nl": dutch.format(what=named["nl"])}
    return Occurred(f"{kind}:{key}", noun, subject, Deviation(kind, named["en"], title, reason, tuple(details), at))


def _of_sample(sample: Sample, order: Order, story: _Story) -> Iterator[Occurred]:
    name = str(sample)
    if sample.state == SampleState.MISSING:
        told = story.of(sample.pk, "sample.missing")[-1]
        yield _occurred("missing", f"{sample.pk}", "sample", sample.pk, name, told["at"], reason=told.get("reason", ""))
    if sample.received_at is None:
        return
    at = utc_text(sample.received_at)
    if text := _excursion(sample, order):
        yield _occurred("temperature", f"{sample.pk}", "sample", sample.pk, name, at, details=[_both(text)])
    if sample.minimum_ul is not None and sample.volume_ul is not None and sample.volume_ul < sample.minimum_ul:
        text = f"{sample.volume_ul.normalize():f} µL; ≥ {sample.minimum_ul.normalize():f} µL"
        yield _occurred("short", f"{sample.pk}", "sample", sample.pk, name, at, details=[_both(text)])
    held: dict[str, Any] | None = None
    for number, entry in enumerate(story.of(sample.pk, "sample.held", "sample.put_on_hold", "sample.hold_lifted")):
        if entry["event"] != "sample.hold_lifted":
            held = entry
        elif held:
            yield _hold(sample, held, entry, number)
            held = None
    if held:
        yield _hold(sample, held, None, 0)


def _excursion(sample: Sample, order: Order) -> str:
    plan = parse_specification(order.request.specification.source.encode()).sampling
    aliquot = next((one for one in plan.aliquots if one.code == sample.aliquot), None) if plan else None
    return aliquot.excursion(sample.temperature_c) if aliquot and sample.temperature_c is not None else ""


def _hold(sample: Sample, held: dict[str, Any], lifted: dict[str, Any] | None, number: int) -> Occurred:
    if lifted:
        why = lifted.get("reason", "")
        details = {"en": f"lifted: {why}", "nl": f"opgeheven: {why}"}
    else:
        details = {"en": "not lifted", "nl": "niet opgeheven"}
    reason = held.get("reason") or next(
        (row["after"]["hold_reason"] for row in held.get("rows", ()) if "hold_reason" in row.get("after", {})), ""
    )
    return _occurred(
        "hold", f"{sample.pk}:{number}", "sample", sample.pk, str(sample), held["at"], reason=reason, details=[details]
    )


def _invalidated(run: Run, tests: list[Test], story: _Story) -> Occurred:
    """An invalid run with the results that it had and the runs that repeated its tests."""
    details: list[Words] = []
    if run.invalid_cause:
        details.append(_translated(lambda: str(run.get_invalid_cause_display())))
    for test in tests:
        result = test.results.filter(current=True).first()
        if result:
            details.append(_shown(result, test))
    again = sorted({repeat.run.number for test in tests if (repeat := _repeat(test)) and repeat.run})
    if again:
        listed = ", ".join(again)
        details.append({"en": f"repeated in {listed}", "nl": f"herhaald in {listed}"})
    elif any(_repeat(test) for test in tests):
        details.append({"en": "to be repeated", "nl": "te herhalen"})
    at = story.at(run.pk, "run.invalidated", run.opened_at)
    return _occurred(
        "invalidated", f"{run.pk}", "run", run.pk, run.number, at, reason=run.invalid_reason, details=details
    )


def _repeat(test: Test) -> Test | None:
    return getattr(test, "retest", None)


def _shown(result: Result, test: Test) -> Words:
    line = result.line
    return {
        language: f"{line['title'].get(language) or line['title']['en']} ({test.sample}):"
        f" {decimal(result.reported, language) or '—'} {result.unit}".rstrip()
        + f", {VERDICTS[language][result.verdict].lower()} ({invalid})"
        for language, invalid in (("en", "invalidated"), ("nl", "ongeldig"))
    }


def _results(run: Run, order: Order) -> list[Result]:
    return list(
        Result.objects.filter(test__run=run, test__order=order, current=True).select_related(
            "test__sample", "test__run"
        )
    )


def _of_run(run: Run, story: _Story) -> Iterator[Occurred]:
    """Controls that nobody could judge, with the reviewer's word on them; data that the method left out."""
    analysis = current_analysis(run)
    outcome = analysis.outcome if analysis else {}
    said = dict(run.dispositions.values_list("exception", "text"))
    at = story.at(run.pk, "run.reviewed", run.opened_at)
    for number, check in enumerate(outcome.get("checks", ())):
        if check["passed"] is not True:
            title = {key: f"{text}: {check['criterion']}" for key, text in check["title"].items()}
            yield _occurred(
                "suitability", f"{run.pk}:{number}", "run", run.pk, run.number, at,
                reason=said.get(f"check:{number}", ""), details=[title],
            )  # fmt: skip
    for number, item in enumerate(outcome.get("exclusions", ())):
        yield _occurred(
            "excluded",
            f"{run.pk}:{number}",
            "run",
            run.pk,
            f"{run.number} {item['what']}",
            at,
            reason=str(item["reason"]),
        )


def _of_result(result: Result) -> Iterator[Occurred]:
    if too_late(result):
        used_by = utc_text(result.test.sample.use_by)  # type: ignore[arg-type]
        yield _occurred(
            "late", f"{result.pk}", "run", result.test.run_id, str(result.test.sample),  # type: ignore[arg-type]
            result.measured["last_at"],
            details=[{"en": f"to be used by {used_by}", "nl": f"te gebruiken voor {used_by}"}],
        )  # fmt: skip


def _of_file(file: RunFile, samples: list[Sample], story: _Story) -> Iterator[Occurred]:
    problem, key, run = file.problem, f"{file.pk}", file.run
    if file.state == FileState.READY and "released" in problem:
        yield _occurred(
            "released", key, "run", run.pk, file.name, story.at(file.pk, "file.released", file.attached_at),
            reason=problem["released"], details=[_both(str(problem.get("message", "")))],
        )  # fmt: skip
    elif file.state == FileState.WITHDRAWN and "code" not in problem:
        at = story.at(file.pk, "file.withdrawn", file.attached_at)
        yield _occurred("withdrawn", key, "run", run.pk, file.name, at, reason=str(problem.get("withdrawn", "")))
    elif file.state != FileState.READY:
        reason = "; ".join(str(problem[name]) for name in ("message", "withdrawn") if problem.get(name))
        yield _occurred("refused", key, "run", run.pk, file.name, utc_text(file.attached_at), reason=reason)
    if file.state == FileState.READY and (early := before_receipt(file, samples)):
        said = run.dispositions.filter(exception=f"early:{file.pk}").values_list("text", flat=True).first()
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


def _change(entry: Entry, old: WorksheetEntry, new: WorksheetEntry) -> Words:
    """Old → new, in the words of a choice where it is one."""

    def shown(value: str, language: str) -> str:
        words = entry.choices.get(value)
        return words[language] if words else f"{decimal(value, language)} {entry.unit}".rstrip()

    return {language: f"{shown(old.value, language)} → {shown(new.value, language)}" for language in ("en", "nl")}


def _both(text: str) -> Words:
    return {"en": text, "nl": text}


def _translated(say: Any) -> Words:
    found = {}
    for language in ("en", "nl"):
        with translation.override(language):
            found[language] = say()
    return found
