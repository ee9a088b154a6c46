"""Raw files of a run: attached and judged as they arrive, assigned, released, withdrawn."""

from collections.abc import Sequence
from dataclasses import asdict

from django.utils import timezone

from atmpxb.notes import Note, Refused, listed, note
from atmpxb.quality import engine
from atmpxb.quality.actions.analyses import ask_if_complete
from atmpxb.quality.actions.claims import claim_open
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, FileFacts, Input
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.measured import Acquired, acquired, collected
from atmpxb.quality.models import Equipment, Run, RunFile, Sample
from atmpxb.quality.states import FileState, move
from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.vault.actions import register_file
from atmpxb.records.vault.store import Received


class FileAlreadyAttached(Refused):
    """The same bytes are attached to a run already."""


@action("quality.attach_file", roles={Role.ANALYST})
def attach_file(*, actor: Actor, run: Run, received: Received, name: str, facts: "engine.Read") -> RunFile:
    """Attach a raw file that lies in the vault. One that can't be used stays attached, set apart with its reason.

    Args:
        facts: what ``engine.read_facts`` found in the file, outside this transaction.

    Raises:
        FileAlreadyAttached: the same bytes belong to a run of this laboratory.
        NotPossibleNow: the run is closed.
    """
    claim_open(run)
    twin = (
        RunFile.objects.filter(organisation_id=actor.organisation_id, file__sha256=received.sha256)
        .exclude(state=FileState.WITHDRAWN)
        .select_related("run")
        .first()
    )
    if twin:
        raise FileAlreadyAttached(
            "file.attached_already",
            "These bytes are attached to run {run} already, as {name}",
            "Nothing needs doing if that is the right run; else withdraw the file there first",
            run=twin.run.number,
            name=twin.name,
        )
    method = parse(run.method.source.encode())
    stored = register_file(actor=actor, received=received, name=name)
    state, why = _admission(run, facts)
    problem = plain(why) if why else {}
    serial = facts.facts.instrument_serial if facts.facts else ""
    attached = create(
        RunFile, run=run, file=stored, name=name[:255], state=state, problem=problem,
        role=_only_role(method.inputs, facts.facts), sample=_matching_sample(run, facts.facts),
        equipment=Equipment.objects.filter(organisation_id=actor.organisation_id, serial=serial).first()
        if serial else None,
        facts=facts.as_json(), attached_at=timezone.now(), attached_by_id=actor.person_id,
    )  # fmt: skip
    event = {FileState.READY: "file.attached", FileState.QUARANTINED: "file.quarantined"}.get(state, "file.refused")
    record(event, actor=actor, on=attached, files=[received.sha256], problem=problem)
    ask_if_complete(actor=actor, run=run, method=method)
    return attached


def _admission(run: Run, read: "engine.Read") -> tuple[FileState, Note | None]:
    """Whether a file may be used, or why it is set apart."""
    if read.facts is None:
        return FileState.UNREADABLE, read.problem
    facts = read.facts
    if facts.telling:
        return FileState.QUARANTINED, note(
            "file.personal",
            "The file seems to tell who a patient is, in {where}. It is kept unread and unchanged. Export"
            " it again under a pseudonym, or let a reviewer release it.",
            where=facts.telling,
        )
    if facts.instrument_serial:
        equipment = Equipment.objects.filter(
            organisation_id=run.organisation_id, serial=facts.instrument_serial
        ).first()
        if equipment is None:
            return FileState.QUARANTINED, note(
                "file.unknown_instrument",
                "Instrument {serial} is not registered here. Register it under Instruments, or let a reviewer release"
                " the file.",
                serial=facts.instrument_serial,
            )
        if problem := _not_qualified(equipment, acquired(asdict(facts), run.organisation.zone)):
            return FileState.QUARANTINED, problem
    samples = [test.sample for test in run.tests.select_related("sample__order__request__batch")]
    labels = {sample.label for sample in samples}
    if facts.samples and not any(_names(named, label) for named in facts.samples for label in labels):
        return FileState.QUARANTINED, note(
            "file.other_run",
            "The file was measured for {samples}, this run for {labels}. Attach it to the run it belongs to, or let a"
            " reviewer release it.",
            samples=", ".join(facts.samples[:5]),
            labels=", ".join(sorted(labels)),
        )
    if problem := _before_material(run, facts, samples):
        return FileState.QUARANTINED, problem
    return FileState.READY, None


def _not_qualified(equipment: Equipment, measured: Acquired | None) -> Note | None:
    """The problem of a file whose instrument was not qualified when it made it, or now where the file says no time."""
    at = measured.at if measured else timezone.now()
    if equipment.qualified_until is None or at <= equipment.qualified_until:
        return None
    return note(
        "file.instrument_not_qualified",
        "{instrument} was qualified until {until}. Requalify it, or let a reviewer release the file.",
        instrument=equipment,
        until=f"{equipment.qualified_until:%Y-%m-%d}",
    )


def _before_material(run: Run, facts: FileFacts, samples: Sequence[Sample]) -> Note | None:
    """The problem of a file that is older than all the material that it could have been measured on."""
    found = acquired(asdict(facts), run.organisation.zone)
    if found is None or not samples or found.at + found.precision > min(map(collected, samples)):
        return None
    return note(
        "file.before_collection",
        "The file was measured at {measured}, before its material was collected or made ({began}). Attach the right"
        " file, or have the instrument's clock checked and let a reviewer release it.",
        measured=f"{found.at:%Y-%m-%d %H:%M %Z}",
        began=f"{min(map(collected, samples)):%Y-%m-%d %H:%M} UTC",
    )


def _only_role(inputs: Sequence[Input], facts: FileFacts | None) -> str:
    fitting = [item.role for item in inputs if facts and facts.format in item.formats]
    return fitting[0] if len(fitting) == 1 else ""


def _matching_sample(run: Run, facts: FileFacts | None) -> Sample | None:
    samples = {test.sample for test in run.tests.select_related("sample")}
    named = [sample for sample in samples if facts and any(_names(name, sample.label) for name in facts.samples)]
    if len(named) == 1:
        return named[0]
    return next(iter(samples)) if len(samples) == 1 and not named else None


def _names(named: str, label: str) -> bool:
    """Whether a name inside a file means the sample: its label, or its label and the mark of a replicate."""
    return named == label or (named.startswith(label) and not named[len(label)].isalnum())


@action("quality.assign_file", roles={Role.ANALYST})
def assign_file(
    *, actor: Actor, file: RunFile, role: str, sample: Sample | None, equipment: Equipment | None = None
) -> RunFile:
    """Say which role a file plays, which sample it was measured for and, where the file does not name it, which
    instrument made it. A file of an instrument that was not qualified is set apart for a reviewer.

    Raises:
        AssayError: the method has no such role, the file is older than the sample, or the instrument is another one
            than the file names, or of another kind.
        NotPossibleNow: the run is closed.
    """
    claim_open(file.run)
    method = parse(file.run.method.source.encode())
    if role not in {item.role for item in method.inputs}:
        raise AssayError(
            "inputs.unknown_role",
            "Method {code} has no role '{role}'; its roles: {roles}.",
            code=method.code,
            role=role,
            roles=listed(item.role for item in method.inputs),
        )
    found = acquired(file.facts, file.run.organisation.zone)
    if sample and found and file.state == FileState.READY and found.at + found.precision <= collected(sample):
        raise AssayError(
            "file.measured_before_sample",
            "'{file}' was measured before '{sample}' was collected or made: choose another sample, or withdraw it.",
            file=file.name,
            sample=sample.label,
        )
    if equipment and (equipment.kind != file.run.kind or file.facts.get("instrument_serial")):
        raise AssayError(
            "file.other_instrument",
            "{instrument} can't have made '{file}': choose one of this kind of test, for files that name none.",
            instrument=equipment,
            file=file.name,
        )
    change(file, role=role, sample=sample, equipment=equipment or file.equipment)
    record("file.assigned", actor=actor, on=file, role=role, files=[file.file.sha256])
    if equipment and file.state == FileState.READY and (problem := _not_qualified(equipment, found)):
        move(file, "file.set_apart", problem=plain(problem))
        record("file.set_apart", actor=actor, on=file, files=[file.file.sha256], problem=plain(problem))
    ask_if_complete(actor=actor, run=file.run, method=method)
    return file


@action("quality.release_file", roles={Role.REVIEWER, Role.QP})
def release_file(*, actor: Actor, file: RunFile, reason: str) -> RunFile:
    """Let a quarantined file be used after all. The reason is shown wherever the result is."""
    reason = require_reason(reason)
    claim_open(file.run)
    move(file, "file.released", problem={**file.problem, "released": reason})
    record("file.released", actor=actor, on=file, reason=reason, files=[file.file.sha256])
    ask_if_complete(actor=actor, run=file.run, method=parse(file.run.method.source.encode()))
    return file


@action("quality.withdraw_file", roles={Role.ANALYST, Role.REVIEWER})
def withdraw_file(*, actor: Actor, file: RunFile, reason: str) -> RunFile:
    """Take a file out of the run. It stays in the vault and on record."""
    reason = require_reason(reason)
    claim_open(file.run)
    move(file, "file.withdrawn", problem={**file.problem, "withdrawn": reason})
    record("file.withdrawn", actor=actor, on=file, reason=reason, files=[file.file.sha256])
    ask_if_complete(actor=actor, run=file.run, method=parse(file.run.method.source.encode()))
    return file
