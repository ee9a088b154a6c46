"""A run at the bench: its tests, its worksheet, its raw files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from atmpxb.notes import Note, Refused, listed, note
from atmpxb.quality import engine
from atmpxb.quality.actions.analyses import ask_if_complete
from atmpxb.quality.actions.claims import claim
from atmpxb.quality.actions.numbers import next_number
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, Entry, FileFacts, Input, Method
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.measured import Acquired, acquired, collected
from atmpxb.quality.models import Equipment, Run, RunFile, Sample, Test, WorksheetEntry
from atmpxb.quality.states import FileState, RunState, SampleState, move
from atmpxb.records.documents.models import VersionState
from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.signatures.actions import Proof, sign
from atmpxb.records.signatures.models import Meaning
from atmpxb.records.vault.actions import register_file
from atmpxb.records.vault.store import Received


class TestsDiffer(Refused):
    """The tests of a run share one method version, which is in effect."""


class NoPartner(Refused):
    """A report is transcribed, and nobody says whose."""


class SampleNotAvailable(Refused):
    """A sample has not been received, is on hold, or is past the time for which it holds."""


class FileAlreadyAttached(Refused):
    """The same bytes are attached to a run already."""


class PartnerUnclear(Refused):
    """Who does the work in place of this laboratory is not said in one clear way."""


class NotYours(Refused):
    """The second person of a check is another one than the first."""

    def __init__(self) -> None:
        super().__init__("entry.own", "You wrote this entry, so another person must check it", "Hand it to a colleague")


class WrongEntry(Refused):
    """A worksheet value does not have the form that the method asks for."""


@action("quality.open_run", roles={Role.ANALYST})
def open_run(
    *,
    actor: Actor,
    tests: Sequence[Test],
    performed_by: Organisation | None = None,
    performed_by_name: str = "",
    performed_by_address: str = "",
) -> Run:
    """Start a run of one method for some waiting tests.

    Args:
        performed_by: the laboratory that does the work, when a partner of the network does.
        performed_by_name: that laboratory, with its address, where it is none of the network.

    Raises:
        PartnerUnclear: both are given, an address is missing, or it is the laboratory itself.
        TestsDiffer: several methods, or one that is no longer effective.
        SampleNotAvailable: material is missing, on hold or too old.
        NoPartner: the method takes over another laboratory's report, and none is named.
    """
    performed_by_name, performed_by_address = performed_by_name.strip(), performed_by_address.strip()
    _demand_clear_partner(actor, performed_by, performed_by_name, performed_by_address)
    methods = {test.method for test in tests}
    if len(methods) != 1:
        raise TestsDiffer("run.several_methods", "A run follows one method version", "Choose tests of one method")
    (method,) = methods
    kind = parse(method.source.encode()).kind
    if registry.kind(kind).source == "report" and not (performed_by or performed_by_name):
        raise NoPartner(
            "run.no_partner",
            "Another laboratory did these tests",
            "Choose the partner, or write its name and address as its report does",
        )
    if method.state != VersionState.EFFECTIVE:
        raise TestsDiffer(
            "run.method_not_effective",
            "Method {method} is not in effect",
            "Order the tests again with the effective version",
            method=method,
        )
    now = timezone.now()
    for sample in {test.sample for test in tests}:
        if sample.state != SampleState.RECEIVED:
            raise SampleNotAvailable(
                "sample.not_available",
                "Sample {sample} is not received, or on hold",
                "Receive it, or have its hold lifted",
                sample=sample,
            )
        if sample.use_by and now > sample.use_by:
            raise SampleNotAvailable(
                "sample.too_old",
                "Sample {sample} held until {until}",
                "Take a new one",
                sample=sample,
                until=f"{sample.use_by:%Y-%m-%d %H:%M} UTC",
            )
    run = create(
        Run, number=next_number(Run, actor.organisation_id, "R"), method=method,
        kind=kind, opened_at=now, opened_by_id=actor.person_id,
        performed_by=performed_by, performed_by_name=performed_by_name, performed_by_address=performed_by_address,
    )  # fmt: skip
    for test in tests:
        move(test, "test.started", run=run)
    _refresh_orders(run)
    record("run.opened", actor=actor, on=run, method=str(method), tests=[str(test.pk) for test in tests])
    return run


def _demand_clear_partner(actor: Actor, partner: Organisation | None, name: str, address: str) -> None:
    if partner and (name or address):
        raise PartnerUnclear(
            "run.two_partners", "Two laboratories are named", "Choose the partner, or write the name of another one"
        )
    if partner and partner.pk == actor.organisation_id:
        raise PartnerUnclear(
            "run.own_partner", "This is your own laboratory", "Leave it empty when nobody else does the work"
        )
    if bool(name) != bool(address):
        raise PartnerUnclear(
            "run.partner_incomplete", "A laboratory outside the network has a name and an address", "Write both"
        )


@action("quality.attach_file", roles={Role.ANALYST})
def attach_file(*, actor: Actor, run: Run, received: Received, name: str, facts: "engine.Read") -> RunFile:
    """Attach a raw file that lies in the vault. One that can't be used stays attached, set apart with its reason.

    Args:
        facts: what ``engine.read_facts`` found in the file, outside this transaction.

    Raises:
        FileAlreadyAttached: the same bytes belong to a run of this laboratory.
        NotPossibleNow: the run is closed.
    """
    _require_open(run)
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
    _require_open(file.run)
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
    _require_open(file.run)
    move(file, "file.released", problem={**file.problem, "released": reason})
    record("file.released", actor=actor, on=file, reason=reason, files=[file.file.sha256])
    ask_if_complete(actor=actor, run=file.run, method=parse(file.run.method.source.encode()))
    return file


@action("quality.withdraw_file", roles={Role.ANALYST, Role.REVIEWER})
def withdraw_file(*, actor: Actor, file: RunFile, reason: str) -> RunFile:
    """Take a file out of the run. It stays in the vault and on record."""
    reason = require_reason(reason)
    _require_open(file.run)
    move(file, "file.withdrawn", problem={**file.problem, "withdrawn": reason})
    record("file.withdrawn", actor=actor, on=file, reason=reason, files=[file.file.sha256])
    ask_if_complete(actor=actor, run=file.run, method=parse(file.run.method.source.encode()))
    return file


@action("quality.write_entry", roles={Role.ANALYST})
def write_entry(
    *, actor: Actor, run: Run, code: str, value: str, sample: Sample | None = None, reason: str = "",
    comma: bool = False,
) -> WorksheetEntry:  # fmt: skip
    """Write a value on the worksheet. Correcting one needs a reason; the first value stays readable.

    Args:
        comma: whether the typist's language writes decimals with a comma.

    Raises:
        WrongEntry: the method does not ask for it, or not in this form; or a correction has no reason.
    """
    _require_open(run)
    reason = reason.strip()
    method = parse(run.method.source.encode())
    field = _entry(method, code, sample)
    present = run.entries.filter(code=code, sample=sample, replaced_by=None).first()
    if present and not reason:
        raise WrongEntry("entry.no_reason", "A correction needs a reason", "Say why the first value is not right")
    kept = engine.entry_value(field, value, comma=comma)
    entry = create(
        WorksheetEntry, run=run, code=code, sample=sample, value=kept, reason=reason,
        written_at=timezone.now(), written_by_id=actor.person_id,
    )  # fmt: skip
    if present:
        change(present, replaced_by=entry)
    record("entry.corrected" if present else "entry.written", actor=actor, on=entry, code=code, reason=reason)
    ask_if_complete(actor=actor, run=run, method=method)
    return entry


@action("quality.check_entry", roles={Role.ANALYST, Role.REVIEWER})
def check_entry(*, actor: Actor, entry: WorksheetEntry, proof: Proof, seen: str) -> WorksheetEntry:
    """Confirm as a second person what another one wrote.

    Raises:
        NotYours: the actor wrote it.
        WrongEntry: it has been corrected or checked meanwhile, or the report that it was read from is not attached.
        NotPossibleNow: the run is closed.
    """
    _require_open(entry.run)
    stored = WorksheetEntry.objects.select_for_update().get(pk=entry.pk)
    if stored.replaced_by_id or stored.checked_at:
        if stored.replaced_by_id:
            raise WrongEntry(
                "entry.corrected", "{entry} has been corrected meanwhile", "Load the page again", entry=entry.code
            )
        raise WrongEntry("entry.checked", "{entry} has been checked meanwhile", "Load the page again", entry=entry.code)
    if entry.written_by_id == actor.person_id:
        raise NotYours
    reported = registry.kind(entry.run.kind).source == "report"
    if reported and not entry.run.files.filter(state=FileState.READY).exists():
        raise WrongEntry(
            "entry.no_source", "A value is checked against its source", "Attach the report to the run first"
        )
    signature = sign(
        actor=actor, proof=proof, on=entry, meaning=Meaning.CHECKED, content=entry_content(entry), seen=seen
    )
    change(entry, checked_at=timezone.now(), checked_by_id=actor.person_id)
    record("entry.checked", actor=actor, on=entry, signature=str(signature.pk))
    ask_if_complete(actor=actor, run=entry.run, method=parse(entry.run.method.source.encode()))
    return entry


def entry_content(entry: WorksheetEntry) -> dict[str, Any]:
    """What the second person's signature binds."""
    return {
        "run": entry.run.number,
        "entry": entry.code,
        "sample": entry.sample.label if entry.sample else "",
        "value": entry.value,
        "written_at": entry.written_at,
    }


@action("quality.set_plate_map", roles={Role.ANALYST})
def set_plate_map(*, actor: Actor, run: Run, wells: Mapping[str, Mapping[str, str]], reason: str = "") -> Run:
    """Say what lies in which well. A later change needs a reason."""
    _require_open(run)
    reason = reason.strip()
    if run.plate_map and not reason:
        raise WrongEntry("plate_map.no_reason", "Changing the plate map needs a reason", "Say why it changes")
    change(run, plate_map={well: dict(what) for well, what in wells.items()})
    record("plate_map.set", actor=actor, on=run, reason=reason)
    ask_if_complete(actor=actor, run=run, method=parse(run.method.source.encode()))
    return run


def _entry(method: Method, code: str, sample: Sample | None) -> Entry:
    field = next((entry for entry in method.entries if entry.code == code), None)
    if field is None:
        raise WrongEntry(
            "entry.unknown",
            "Method {method} has no worksheet entry {entry}",
            "Load the page again",
            method=method.code,
            entry=code,
        )
    if field.per_sample != (sample is not None):
        if field.per_sample:
            raise WrongEntry("entry.per_sample", "{entry} is written for each sample", "Name the sample", entry=code)
        raise WrongEntry("entry.per_run", "{entry} is written once for the run", "Name no sample", entry=code)
    return field


def _require_open(run: Run) -> None:
    claim(run, "run.changed", RunState.OPEN)


def _refresh_orders(run: Run) -> None:
    for order in {test.order for test in run.tests.select_related("order")}:
        refresh(order)
