"""What a person is about to sign, in words; and what became of it when it changed meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.core import signing
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from atmpxb.quality.actions.findings import current_analysis, exceptions
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.certificate import record as records
from atmpxb.quality.certificate.wording import VERDICTS, decimal, shown_limit, shown_result, unit
from atmpxb.quality.models import Result, Run, WorksheetEntry, words
from atmpxb.quality.queries.documents import choices_of, method_of
from atmpxb.quality.states import FileState
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import Changed

_SALT = "atmpxb.shown"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was otherwise when the page was opened. Empty: it was not there, or is there no more."""

    title: str
    before: str
    after: str


class ChangedSince(Changed):
    """What was to be signed is no longer what the signer saw; ``differences`` says what became of it."""

    def __init__(self, differences: tuple[Difference, ...]) -> None:
        self.differences = differences
        super().__init__("this has changed since you opened it; look at it again before you sign")


def kept(shown: Mapping[str, str]) -> str:
    """What a page shows, for a hidden field of its form: compressed, and sealed against changes."""
    return signing.dumps(dict(shown), salt=_SALT, compress=True)


def between(saw: str, now: Mapping[str, str]) -> tuple[Difference, ...]:
    """What differs between the content of a hidden field and the present; nothing where the field can't be read."""
    try:
        before = dict(signing.loads(saw, salt=_SALT))
    except signing.BadSignature:
        return ()
    titles = [*now, *(title for title in before if title not in now)]
    pairs = ((title, str(before.get(title, "")), now.get(title, "")) for title in titles)
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


@contextmanager
def compared(actor: Actor, saw: str, now: Callable[[], Mapping[str, str]]) -> Iterator[None]:
    """Around an action that signs: a refusal because something changed says what.

    Raises:
        ChangedSince: instead of ``Changed``.
    """
    try:
        yield
    except Changed as error:
        with acting_for(actor.organisation_id, actor.person_id):
            present = now()
        raise ChangedSince(between(saw, present)) from error


def of_run(run: Run) -> dict[str, str]:
    """A run as its signatures bind it: values and verdicts, files, worksheet, answers to exceptions, method."""
    language = _language()
    analysis = current_analysis(run)
    found = {_("Method"): str(run.method), _("Engine"): analysis.engine if analysis else ""}
    rows = Result.objects.filter(test__run=run, current=True).select_related("test__sample")
    for row in rows.order_by("test__order", "test__position"):
        value = f"{decimal(row.reported, language)} {unit(row.unit)}".strip() or "–"
        title = f"{words(row.line['title'], language)} · {row.test.sample.label}"
        found[title] = f"{value} · {VERDICTS[language][row.verdict]}"
    for file in run.files.select_related("file"):
        title = _("File %(name)s") % {"name": file.name}
        found[title] = f"{FileState(file.state).label} · {file.file.sha256[:12]}…"
    method = method_of(run.method)
    for entry in run.entries.filter(replaced_by__isnull=True).select_related("sample"):
        found |= _entry(entry, method, language)
    asked = {finding.key: finding.text for finding in exceptions(run)}
    for answer in run.dispositions.all():
        found[_("Answer to exception %(key)s") % {"key": asked.get(answer.exception, answer.exception)}] = answer.text
    return found


def of_entry(entry: WorksheetEntry) -> dict[str, str]:
    """An entry of a worksheet as the second person signs it."""
    return _entry(entry, method_of(entry.run.method), _language())


def of_draft(draft: records.Certificate | None) -> dict[str, str]:
    """A certificate as it would be approved: every line, and the conclusion."""
    if draft is None:
        return {}
    language = _language()
    found: dict[str, str] = {}
    for line in draft.tests:
        results = ", ".join(
            f"{shown_result(one, language)} {unit(one.unit)}".strip() + f" · {VERDICTS[language][one.verdict]}"
            for one in line.results
        )
        state = VERDICTS[language].get(line.status, "")
        found[line.title[language]] = f"{shown_limit(line, language)} · {results or state}"
    for analysis in draft.analyses:
        files = _("%(count)d raw files") % {"count": len(analysis.files)}
        found[analysis.id] = f"{analysis.method.code} v{analysis.method.version} · {files}"
    found[_("Conclusion")] = draft.conclusion.text[language]
    return found


def _entry(entry: WorksheetEntry, method: Method, language: str) -> dict[str, str]:
    title = next((words(asked.title, language) for asked in method.entries if asked.code == entry.code), entry.code)
    what = f"{title} {entry.sample.label if entry.sample else ''}".strip()
    value = words(choices_of(method).get(entry.value, {}), language) or decimal(entry.value, language)
    checked = _("checked by a second person") if entry.checked_at else _("not checked")
    return {_("Worksheet: %(entry)s") % {"entry": what}: f"{value} · {checked}"}


def _language() -> str:
    return "nl" if (get_language() or "en").startswith("nl") else "en"
