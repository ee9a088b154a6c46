"""What of a run needs a person's word before it is signed as reviewed. Each finding has a key that an answer names.

The key of a finding says what it is about, not where it stands in a list: after a new analysis, or a further change,
the same place holds another finding, and an answer to the first one is no answer to that.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from atmpxb.quality.actions.analyses import inputs
from atmpxb.quality.assays.seam import Repair
from atmpxb.quality.certificate.form import rebuilt
from atmpxb.quality.certificate.wording import VERDICTS, localised
from atmpxb.quality.measured import before_receipt, too_late
from atmpxb.quality.models import Analysis, Result, Run, RunFile, words
from atmpxb.quality.saying import problem_of, repair_texts, said
from atmpxb.quality.states import AnalysisState, FileState
from atmpxb.records.ledger.canonical import digest, utc_text
from atmpxb.records.ledger.models import LedgerEntry

#: Characters of a digest in a key: enough that no two findings of a run share one.
_DIGITS = 24
#: Lists of an outcome whose every item is a finding.
_REMARKS = ("exclusions", "repairs", "warnings")
#: Columns of a file that say what it is taken for.
_ASSIGNED = ("role", "sample_id", "equipment_id")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a run that a reviewer must look at. ``blocking``: no word of a reviewer can cure it."""

    key: str
    kind: str
    text: str
    blocking: bool = False


def current_analysis(run: Run) -> Analysis | None:
    """The finished analysis of the run's present inputs."""
    wanted = digest(inputs(run))
    return run.analyses.filter(input_digest=wanted, state=AnalysisState.DONE).order_by("-finished_at").first()


def keyed(analysis: Analysis, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """The items of a list of an outcome, each with the key of the finding that it is or may be."""
    seen: Counter[str] = Counter()
    found = []
    for item in analysis.outcome.get(kind, ()):
        mark = digest(item)[:_DIGITS]
        seen[mark] += 1
        again = f".{seen[mark]}" if seen[mark] > 1 else ""
        found.append((f"{kind.removesuffix('s')}:{analysis.pk.hex}.{mark}{again}", item))
    return found


def early_key(file: RunFile) -> str:
    """The key of the finding that a file was measured before its sample came."""
    return f"early:{file.pk.hex}.{file.sample_id.hex if file.sample_id else ''}"


def exceptions(run: Run) -> list[Finding]:
    """What needs a person: failed checks, results out of limits, exclusions, repairs, corrections, overrides."""
    found: list[Finding] = []
    language = "nl" if (get_language() or "").startswith("nl") else "en"
    analysis = current_analysis(run)
    for key, check in keyed(analysis, "checks") if analysis else ():
        if check["passed"] is not True:
            seen, asked = (localised(said(check[name]), language) for name in ("observed", "criterion"))
            text = f"{words(check['title'], language)}: {seen} ({asked})"
            found.append(Finding(key, "check", text, blocking=check["passed"] is False))
    for result in Result.objects.filter(test__run=run, current=True).exclude(verdict__in=["complies", "reported"]):
        text = f"{words(result.line['title'], language)}: {VERDICTS[language][result.verdict]}"
        found.append(Finding(f"result:{result.pk}", "result", text))
    for kind in _REMARKS:
        items = keyed(analysis, kind) if analysis else ()
        found += [Finding(key, kind, _remark(kind, item)) for key, item in items]
    for entry in run.entries.exclude(reason="").select_related("replaces"):
        text = f"{entry.code}: {entry.replaces.value} → {entry.value} ({entry.reason})"
        found.append(Finding(f"entry:{entry.pk}", "correction", text))
    found += _changed_since_seen(run)
    for attached in run.files.exclude(state=FileState.READY):
        why = str(attached.problem.get("withdrawn") or problem_of(attached.problem))
        named = why.startswith(f"{attached.name}:")
        found.append(Finding(_file_key(attached), "file", why if named else f"{attached.name}: {why}"))
    found += _out_of_time(run, language)
    for attached in run.files.filter(state=FileState.READY, problem__has_key="released"):
        text = f"{attached.name}: {attached.problem['released']}"
        found.append(Finding(_file_key(attached), "override", text))
    return found


def _file_key(file: RunFile) -> str:
    """A file set apart, one released and one withdrawn are three findings."""
    return f"file:{file.pk.hex}.{digest({'state': file.state, 'problem': file.problem})[:_DIGITS]}"


def _out_of_time(run: Run, language: str) -> list[Finding]:
    """Files measured before their sample came, results measured after it had expired."""
    samples = {test.sample for test in run.tests.select_related("sample")}
    found = []
    for attached in run.files.filter(state=FileState.READY).select_related("run__organisation"):
        if early := before_receipt(attached, samples):
            found.append(Finding(early_key(attached), "early", f"{attached.name}: {early.at:%Y-%m-%d %H:%M %Z}"))
    for result in Result.objects.filter(test__run=run, current=True).select_related("test__sample"):
        use_by = result.test.sample.use_by
        if use_by and too_late(result):
            title = words(result.line["title"], language)
            text = f"{title}: {result.measured['last_at']} > {utc_text(use_by)}"
            found.append(Finding(f"late:{result.pk}", "late", text))
    return found


def _changed_since_seen(run: Run) -> Iterator[Finding]:
    """Plate maps and roles of files that were changed when results could be seen already: the chain tells of each."""
    own = LedgerEntry.objects.filter(organisation_id=run.organisation_id)
    seen = own.filter(event="analysis.finished", subject__in=list(run.analyses.values_list("pk", flat=True)))
    first = seen.order_by("seq").values_list("seq", flat=True).first()
    if first is None:
        return
    files = {file.pk: file for file in run.files.all()}
    later = own.filter(seq__gt=first, event__in=["plate_map.set", "file.assigned"], subject__in=[run.pk, *files])
    for entry in later.order_by("seq"):
        for row in entry.content.get("rows", ()):
            before, after = row.get("before", {}), row.get("after", {})
            if entry.event == "plate_map.set" and "plate_map" in before:
                text, why = _wells(before["plate_map"], after["plate_map"]), entry.content.get("reason")
                yield Finding(f"plate_map:{entry.seq}", "plate_map", f"{text} ({why})" if why else text)
            elif entry.event == "file.assigned" and any(name in before for name in _ASSIGNED):
                yield Finding(f"assigned:{entry.seq}", "assigned", _reassigned(files[entry.subject], before, after))


def _wells(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The wells that hold something else now."""
    changed = sorted(well for well in {*before, *after} if before.get(well) != after.get(well))
    return _("Wells %(wells)s") % {"wells": ", ".join(changed)}


def _reassigned(file: RunFile, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What a file is taken for now, in place of what it was."""
    if "role" in before:
        return f"{file.name}: {before['role'] or '–'} → {after['role'] or '–'}"
    if "sample_id" in before:
        return _("%(file)s: now of sample %(sample)s") % {"file": file.name, "sample": file.sample or "–"}
    return _("%(file)s: now of instrument %(instrument)s") % {"file": file.name, "instrument": file.equipment or "–"}


def _remark(kind: str, item: Any) -> str:
    """An exclusion, a repair or a warning as the reader is told."""
    match kind:
        case "exclusions":
            return f"{said(item['what'])} · {said(item['reason'])}"
        case "repairs":
            return " · ".join(repair_texts(rebuilt(Repair, item)))
    return said(item)
