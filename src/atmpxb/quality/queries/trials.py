"""What was tried with a draft of a method, read from the ledger, and what there is to try it on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from atmpxb.quality.actions.trials import Tried
from atmpxb.quality.assays.seam import Method, Repair
from atmpxb.quality.certificate.form import rebuilt
from atmpxb.quality.models import RunFile
from atmpxb.quality.queries.outcome import Checked, Picture, checked, picture_of
from atmpxb.quality.saying import problem_of, repair_texts, said
from atmpxb.quality.states import FileState
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.people.actor import Actor
from atmpxb.records.vault.actions import vault

#: Files of runs that are offered, newest first.
OFFERED = 20
_FILES = ("document.trial_file_kept", "document.trial_file_set_apart")


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that the vault holds: where it is from, and what it is taken to be."""

    file: Tried
    run: str  # number of the run that it belongs to; empty where it was sent for a trial
    problem: str  # why it can't be tried


@dataclass(frozen=True, slots=True)
class Measured:
    """A value of a trial, unrounded: no line of a specification says how to round it, or what it must be."""

    title: dict[str, str]
    sample: str
    value: str | None
    unit: str
    low: str
    high: str
    why: dict[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial in the list of its version."""

    seq: int
    at: datetime
    who: str
    files: tuple[Tried, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class TrialPage:
    """Everything that a trial found."""

    trial: Trial
    version: DocumentVersion
    sha256: str
    engine: str
    outcome: str  # SHA-256; empty where there is none
    bench: tuple[tuple[dict[str, str], str], ...]  # title of the entry, value
    values: tuple[Measured, ...]
    checks: tuple[Checked, ...]
    pictures: tuple[Picture, ...]
    exclusions: tuple[tuple[str, str], ...]
    repairs: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def trials(actor: Actor, version: UUID) -> tuple[Trial, ...]:
    """What was tried with a version, newest first."""
    found = LedgerEntry.objects.filter(
        organisation_id=actor.organisation_id, subject=version, event="document.tried"
    ).order_by("-seq")
    return tuple(_trial(entry) for entry in found)


def offered(actor: Actor, version: DocumentVersion, method: Method) -> tuple[Offered, ...]:
    """The files to choose from: those sent for trials of the version, and usable ones of runs of its kind of test."""
    found: dict[str, Offered] = {}
    sent = LedgerEntry.objects.filter(organisation_id=actor.organisation_id, subject=version.pk, event__in=_FILES)
    for entry in sent.order_by("-seq"):
        (sha256,), facts = entry.content["files"], entry.content["facts"]
        file = Tried(sha256, facts["name"], facts["role"], facts["sample"])
        found.setdefault(sha256, Offered(file, "", problem_of(facts["problem"])))
    attached = (
        RunFile.objects.filter(organisation_id=actor.organisation_id, state=FileState.READY, run__kind=method.kind)
        .select_related("file", "sample", "run")
        .order_by("-attached_at")[:OFFERED]
    )
    for row in attached:
        roles = [item.role for item in method.inputs if row.facts.get("format") in item.formats]
        if roles:
            role = row.role if row.role in roles else roles[0]
            sample = row.sample.label if row.sample else ""
            found.setdefault(
                row.file.sha256, Offered(Tried(row.file.sha256, row.name, role, sample), row.run.number, "")
            )
    return tuple(found.values())


def trial_page(actor: Actor, version: DocumentVersion, method: Method, seq: int) -> TrialPage:
    """One trial. Raises LedgerEntry.DoesNotExist where the version has none of this number."""
    entry = _entry(actor, version.pk, seq)
    facts = entry.content["facts"]
    found = outcome(facts)
    titles = {one.code: dict(one.title) for one in method.reportables}
    return TrialPage(
        trial=_trial(entry),
        version=version,
        sha256=facts["sha256"],
        engine=facts["engine"],
        outcome=facts.get("outcome", ""),
        bench=tuple(
            (dict(one.title), facts["bench"][one.code]) for one in method.entries if one.code in facts["bench"]
        ),
        values=tuple(_measured(value, titles) for value in found.get("values", ())),
        checks=tuple(checked(check) for check in found.get("checks", ())),
        pictures=tuple(
            picture_of(number, one["title"], one["sample"], one["series"], one["columns"], one["rows"])
            for number, one in enumerate(found.get("plots", ()))
        ),
        exclusions=tuple((said(one["what"]), said(one["reason"])) for one in found.get("exclusions", ())),
        repairs=tuple(repair_texts(rebuilt(Repair, one)) for one in found.get("repairs", ())),
        warnings=tuple(said(one) for one in found.get("warnings", ())),
    )


def picture(actor: Actor, version: UUID, seq: int, position: int) -> str:
    """The SVG of a plot. Raises LedgerEntry.DoesNotExist or IndexError where there is none."""
    found = outcome(_entry(actor, version, seq).content["facts"])
    return str(found.get("plots", [])[position]["svg"])


def outcome(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial found, out of the vault; empty where the draft could not analyse the files."""
    digest = facts.get("outcome")
    return dict(json.loads(vault().read(digest))) if digest else {}


def _entry(actor: Actor, version: UUID, seq: int) -> LedgerEntry:
    return LedgerEntry.objects.get(
        organisation_id=actor.organisation_id, subject=version, seq=seq, event="document.tried"
    )


def _trial(entry: LedgerEntry) -> Trial:
    content = entry.content
    return Trial(
        seq=entry.seq,
        at=datetime.fromisoformat(content["at"]),
        who=content["actor"]["name"],
        files=tuple(Tried(**one) for one in content["facts"]["inputs"]),
        problem=problem_of(content["facts"].get("problem", {})),
    )


def _measured(value: Mapping[str, Any], titles: Mapping[str, dict[str, str]]) -> Measured:
    interval = value["interval"] or {}
    return Measured(
        title=titles.get(value["code"], {"en": value["code"]}),
        sample=value["sample"],
        value=value["value"],
        unit=value["unit"],
        low=interval.get("low", ""),
        high=interval.get("high", ""),
        why=dict(value["why"]),
    )
