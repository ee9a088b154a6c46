"""Trying a draft of a method on files, before anybody approves it.

A trial has no row. It is an entry of the ledger about the version, with the files and the outcome by their hashes;
the outcome lies in the vault. So it is evidence of how the method came about, and nothing of it can be reviewed or
certified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import BoundedSemaphore
from typing import Any

from atmpxb.notes import Note, Refused, note
from atmpxb.quality import engine
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Analysis, AssayError, FileFacts, Input, RawFile
from atmpxb.quality.assays.suitability import require_inputs
from atmpxb.quality.certificate.form import plain
from atmpxb.records.documents.models import DocumentVersion, VersionState
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.writing import PERMISSIONS, NotPermitted, acting_for, action, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.vault.actions import register_file, vault
from atmpxb.records.vault.store import Received

#: Somebody waits at the page: less than what a browser waits for an answer.
SECONDS = 25
#: A trial holds a thread of a web process, and as much memory as an analysis.
_PLACES = BoundedSemaphore(2)

_TRYING = {Role.ANALYST, Role.REVIEWER, Role.QP}


class NoDraft(Refused):
    """The version is no draft any more."""


class TooManyTrials(Refused):
    """Other trials are being calculated."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A file of a trial: which role it plays, and the sample that it is taken to be of."""

    sha256: str
    name: str
    role: str
    sample: str = ""


@action("quality.keep_trial_file", roles=_TRYING)
def keep_trial_file(
    *, actor: Actor, version: DocumentVersion, received: Received, name: str, facts: engine.Read
) -> Note | None:
    """Put a file that lies in the vault on the books, for trials of a draft. Returns why it can't be tried, if so.

    Args:
        facts: what ``engine.read_facts`` found in the file, outside this transaction.

    Raises:
        NoDraft: the version is in effect, superseded or withdrawn.
    """
    _require_draft(version)
    register_file(actor=actor, received=received, name=name)
    inputs = parse(version.source.encode()).inputs
    problem = _unfit(facts, inputs)
    event = "document.trial_file_set_apart" if problem else "document.trial_file_kept"
    record(
        event, actor=actor, on=version, files=[received.sha256], name=name[:255], sample=_only_sample(facts.facts),
        role=_only_role(facts.facts, inputs), problem=plain(problem) if problem else {},
    )  # fmt: skip
    return problem


def _unfit(read: engine.Read, inputs: Sequence[Input]) -> Note | None:
    if read.facts is None:
        return read.problem
    if read.facts.telling:
        return note(
            "trial.personal",
            "The file seems to tell who a patient is, in {where}. It is kept unread and unchanged, and is not tried."
            " Export it again under a pseudonym.",
            where=read.facts.telling,
        )
    if not any(read.facts.format in item.formats for item in inputs):
        return note(
            "trial.format",
            "The file is {format}; this method takes {wanted}. Choose another file.",
            format=read.facts.format,
            wanted=", ".join(sorted({name for item in inputs for name in item.formats})),
        )
    return None


def _only_sample(facts: FileFacts | None) -> str:
    return facts.samples[0] if facts and len(facts.samples) == 1 else ""


def _only_role(facts: FileFacts | None, inputs: Sequence[Input]) -> str:
    fitting = [item.role for item in inputs if facts and facts.format in item.formats]
    return fitting[0] if len(fitting) == 1 else ""


def try_method(*, actor: Actor, version: DocumentVersion, files: Sequence[Tried], bench: Mapping[str, str]) -> None:
    """Analyse files by a draft, as a run would, and record that it was tried and what came out.

    That the draft can't analyse them is an outcome too. Calculated outside any transaction.

    Raises:
        NotPermitted, NoDraft, TooManyTrials: nothing was tried.
        AssayError: files that the method needs are missing.
    """
    if not actor.holds(*PERMISSIONS["quality.try_method"]):
        raise NotPermitted("quality.try_method", PERMISSIONS["quality.try_method"])
    with acting_for(actor.organisation_id, actor.person_id):
        _require_draft(version)
    require_inputs(parse(version.source.encode()), [RawFile(f.name, f.role, b"", f.sha256, f.sample) for f in files])
    if not _PLACES.acquire(blocking=False):
        raise TooManyTrials("trial.busy", "Other trials are being calculated", "Try again in a minute")
    try:
        outcome = _calculate(version, files, bench)
    finally:
        _PLACES.release()
    record_trial(actor=actor, version=version, files=files, bench=bench, outcome=outcome)


def _calculate(version: DocumentVersion, files: Sequence[Tried], bench: Mapping[str, str]) -> Analysis | Note:
    store = vault()
    inputs = [engine.StoredInput(store.path(f.sha256), f.name, f.role, f.sha256, f.sample) for f in files]
    try:
        return engine.analyse(version.source.encode(), inputs, bench, seconds=SECONDS)
    except AssayError as error:
        return error.note


@action("quality.try_method", roles=_TRYING)
def record_trial(
    *,
    actor: Actor,
    version: DocumentVersion,
    files: Sequence[Tried],
    bench: Mapping[str, str],
    outcome: Analysis | Note,
) -> None:
    """Write down that a draft was tried on files, and what came out or why nothing did."""
    _require_draft(version)
    found: dict[str, Any] = (
        {"problem": plain(outcome)}
        if isinstance(outcome, Note)
        else {"outcome": vault().keep(canonical(plain(outcome))).sha256}
    )
    record(
        "document.tried", actor=actor, on=version, files=[file.sha256 for file in files], sha256=version.sha256,
        engine=engine.ENGINE, inputs=[asdict(file) for file in files], bench=dict(bench), **found,
    )  # fmt: skip


def _require_draft(version: DocumentVersion) -> None:
    state = DocumentVersion.objects.values_list("state", flat=True).get(pk=version.pk)
    if state != VersionState.DRAFT:
        raise NoDraft(
            "trial.no_draft", "{version} is no draft any more", "Draft its next version, or open a run", version=version
        )
