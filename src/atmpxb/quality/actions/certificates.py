"""From reviewed to certified: approval, checkpoint, sealed document, publication.

The order matters: the approval is in the chain before the checkpoint, and the checkpoint is made before the document,
so that the document carries the proof of its own approval. Only the hash of the sealed file comes after it.
"""

import secrets
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from atmpxb.quality.actions.claims import claim_order
from atmpxb.quality.actions.findings import current_analysis
from atmpxb.quality.actions.hands import involved
from atmpxb.quality.actions.numbers import next_number
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.actions.reviews import NotReady, OwnWork
from atmpxb.quality.certificate import document, drafting, preview
from atmpxb.quality.certificate.deviations import Occurred
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.package import raw_files
from atmpxb.quality.certificate.record import parse, record_sha256
from atmpxb.quality.models import Certificate, Order, Publication, Test
from atmpxb.quality.proof.inclusion import build_proof
from atmpxb.quality.saying import said
from atmpxb.quality.states import CertificateState, SampleState, TestState, move
from atmpxb.records import jobs
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.checkpoints import make_checkpoint
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.ledger.writing import acting_for, action, change, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import Proof, sign, signing_client
from atmpxb.records.signatures.models import Meaning
from atmpxb.records.vault.actions import register_file, vault
from atmpxb.records.vault.models import StoredFile
from atmpxb.records.vault.store import Received

JOB = "quality.issue_certificate"

#: What a further certificate of the same order takes the place of.
REPLACEABLE = (CertificateState.ISSUED, CertificateState.WITHDRAWN)


def approvable(order: Order) -> tuple[list[Test], list[Test]]:
    """The tests that stand on a certificate now, and those that are still pending."""
    tests = list(
        order.tests.exclude(state__in=[TestState.INVALID])
        .select_related("sample", "method__document", "run__method__document")
        .order_by("position")
    )
    done = [test for test in tests if test.state in (TestState.REVIEWED, TestState.APPROVED)]
    return done, [test for test in tests if test not in done and test.state != TestState.CANCELLED]


def content(
    order: Order, kind: str, language: str, reason: str = "", drafted: drafting.Drafted | None = None
) -> dict[str, Any]:
    """What the approving signature binds: the certificate as drafted, without signatures and number, the invalidated
    results that the approver acknowledges, and, by its digest, what stays in the laboratory's file.

    Args:
        drafted: the draft of just this, where it is at hand.
    """
    found = drafted or drafting.draft(order, kind=kind, language=language)
    kept = [plain(one.record) for one in found.deviations if not one.printed]
    return {
        "order": order.number, "kind": kind, "language": language, "reason": reason,
        "draft": drafting.digest(found.record), "acknowledged": acknowledgements(found.deviations),
        "on_file_sha256": sha256(canonical(kept)).hexdigest(),
    }  # fmt: skip


def acknowledgements(found: Sequence[Occurred]) -> list[str]:
    """The deviations that an approver says, one by one, to have looked at."""
    return sorted(one.key for one in found if one.grave)


@action("quality.approve_certificate", roles={Role.QP})
def approve_certificate(
    *,
    actor: Actor,
    order: Order,
    kind: Certificate.Kind,
    language: str,
    proof: Proof,
    seen: str,
    reason: str = "",
    acknowledged: Collection[str] = (),
) -> Certificate:
    """Approve the results of an order as a certificate; it is rendered and sealed right after.

    A final certificate needs every test reviewed. A further one for the same order is a new version that replaces
    the one before it, and needs a reason.

    Args:
        acknowledged: keys of the invalidated runs that the approver has looked at; none may be left out.

    Raises:
        NotReady: tests are pending, nothing is reviewed, a sample is on hold, a new version has no reason, or an
            invalidated run is not acknowledged.
        OwnWork: the actor performed or reviewed some of the work.
    """
    claim_order(order)
    reason = reason.strip()
    done, pending = approvable(order)
    earlier = order.certificates.filter(state__in=REPLACEABLE).order_by("-version").first()
    missing = _missing(kind, done, pending, earlier, reason)
    if waiting := order.certificates.filter(state=CertificateState.APPROVED).first():
        what = _("%(certificate)s is being issued") % {"certificate": waiting}
        missing.append((what, _("Wait until it is, then look at the draft again")))
    if missing:
        raise NotReady(missing)
    drafted = drafting.draft(order, kind=kind, language=language)
    missing = [
        (said(one.record.what), _("Look at it, and say so with its tick"))
        for one in drafted.deviations
        if one.grave and one.key not in acknowledged
    ]
    if missing:
        raise NotReady(missing)
    if actor.person_id in involved({test.run for test in order.tests.select_related("run") if test.run}):
        raise OwnWork(
            "certificate.own_work",
            "You performed or reviewed some of these tests, so another person must approve them",
            "Hand it to a colleague",
        )
    signature = sign(
        actor=actor, proof=proof, on=order, meaning=Meaning.APPROVED,
        content=content(order, kind, language, reason, drafted), seen=seen,
    )  # fmt: skip
    number, version = _number(actor, order)
    token = secrets.token_urlsafe(18)
    now = timezone.now().replace(microsecond=0)  # PDF dates count whole seconds
    complete = drafting.complete(
        drafted.record, order=order, number=number, version=version, at=now,
        signature=signature, replaces=earlier, reason=reason, url=f"{settings.PUBLIC_URL}/verify/{token}",
    )  # fmt: skip
    written = complete.bytes()
    certificate = create(
        Certificate, order=order, number=number, version=version, kind=kind, language=language,
        record=written.decode(), record_sha256=record_sha256(written), signature=signature, replaces=earlier,
        reason=reason, token=token, approved_at=now,
    )  # fmt: skip
    if kind == Certificate.Kind.FINAL:
        for test in done:
            if test.state == TestState.REVIEWED:
                move(test, "test.approved")
        refresh(order)
    record(
        "certificate.approved",
        actor=actor,
        on=certificate,
        number=number,
        version=version,
        record_sha256=certificate.record_sha256,
        reason=reason,
    )
    jobs.enqueue(
        JOB, organisation=str(actor.organisation_id), actor=str(actor.person_id), certificate=str(certificate.pk)
    )
    return certificate


def _missing(
    kind: str, done: list[Test], pending: list[Test], earlier: Certificate | None, reason: str
) -> list[tuple[str, str]]:
    missing = [] if done else [(_("No reviewed test"), _("Have a run reviewed first"))]
    if kind == Certificate.Kind.FINAL:
        missing += [(test.line, _("Wait for its review, or issue an interim report")) for test in pending]
    elif not pending:
        missing.append((_("Nothing is pending"), _("Issue the final certificate")))
    missing += [
        (_("Sample %(sample)s is on hold") % {"sample": sample},
         _("Have a reviewer lift the hold, or return the runs that measured it to the bench"))
        for sample in sorted({test.sample for test in done if test.sample.state == SampleState.ON_HOLD}, key=str)
    ]  # fmt: skip
    missing += [
        (_("Run %(run)s has no results for its present files and entries") % {"run": run},
         _("Return the run to the bench, so that it is analysed, submitted and reviewed again"))
        for run in sorted({test.run for test in done if test.run}, key=str) if current_analysis(run) is None
    ]  # fmt: skip
    if earlier and (earlier.kind == Certificate.Kind.FINAL or earlier.withdrawn_at) and not reason:
        missing.append((_("No reason"), _("Say why the certificate is issued again")))
    return missing


def _number(actor: Actor, order: Order) -> tuple[str, int]:
    earlier = order.certificates.order_by("-version").first()
    if earlier:
        return earlier.number, earlier.version + 1
    return next_number(Certificate, actor.organisation_id, "C"), 1


def issue(*, actor: Actor, certificate_id: UUID) -> None:
    """The job: checkpoint, render, seal, store and publish. Harmless when repeated."""
    with acting_for(actor.organisation_id, actor.person_id):
        certificate = Certificate.objects.get(pk=certificate_id)
        if certificate.state != CertificateState.APPROVED:
            return
    checkpoint = make_checkpoint(actor=actor, sign=signing_client())
    with acting_for(actor.organisation_id, actor.person_id):
        entry = _approval_entry(certificate)
        proof = _proof(entry, checkpoint)
        parts = document.parts(certificate)
    pdf = document.sealed(certificate, parts, proof, signing_client(), timezone.now())
    received = vault().keep(pdf)
    preview.page_count(vault(), received.sha256)  # counted here, so that the first look at it need not wait
    issue_certificate(actor=actor, certificate=certificate, received=received, seq=entry.seq)
    make_checkpoint(actor=actor, sign=signing_client())


@action("quality.issue_certificate", roles={Role.QP})
def issue_certificate(*, actor: Actor, certificate: Certificate, received: Received, seq: int) -> Certificate:
    """Record the sealed document, publish what anybody may check, and show the client the certificate.

    Raises:
        NotPossibleNow: it is issued already.
    """
    now, pdf_sha256 = timezone.now(), received.sha256
    move(certificate, "certificate.issued", issued_at=now, pdf_sha256=pdf_sha256, approved_seq=seq)
    stored = register_file(actor=actor, received=received, name=f"{certificate.number}.pdf")
    order = certificate.order
    printed = f"{certificate.number} v{certificate.version}"
    create(
        Publication, certificate_id_public=printed, token=certificate.token, kind=certificate.kind,
        issuer=order.organisation.name, pdf_sha256=pdf_sha256, issued_at=now,
        illustrative=order.organisation.illustrative,
    )  # fmt: skip
    if certificate.replaces:
        _supersede(certificate.replaces, printed, certificate.token)
    share(certificate, to=order.client_id, purpose=f"certificate {printed}")
    rests_on = raw_files(parse(certificate.record.encode())).values()
    raw = StoredFile.objects.filter(organisation_id=certificate.organisation_id, sha256__in=rests_on)
    for file in (stored, *raw):
        share(file, to=order.client_id, purpose=f"certificate {printed}")
    for event, chain in (("certificate.issued", None), ("certificate.arrived", order.client_id)):
        record(event, actor=actor, on=certificate, chain=chain, number=printed, files=[pdf_sha256])
    return certificate


def _supersede(earlier: Certificate, by: str, token: str) -> None:
    """Point from the earlier certificate to the one that holds now; what was withdrawn stays withdrawn."""
    state = Certificate.objects.select_for_update().values_list("state", flat=True).get(pk=earlier.pk)
    if state != CertificateState.WITHDRAWN:
        move(earlier, "certificate.superseded")
    publication = Publication.objects.get(organisation_id=earlier.organisation_id, token=earlier.token)
    change(publication, superseded_by=by, superseded_token=token)


def _approval_entry(certificate: Certificate) -> LedgerEntry:
    """The chain's entry of the approval."""
    wanted = f'"record_sha256":"{certificate.record_sha256}"'.encode()
    for entry in LedgerEntry.objects.filter(
        organisation_id=certificate.organisation_id, event="certificate.approved", subject=certificate.pk
    ):
        if wanted in bytes(entry.payload):
            return entry
    raise LedgerEntry.DoesNotExist(f"the chain has no approval of {certificate}")


def _proof(entry: LedgerEntry, checkpoint: StoredCheckpoint) -> bytes:
    """The attachment that proves the approval: the entry, its place in the tree, and the signed checkpoint."""
    hashes = [
        bytes(value)
        for value in LedgerEntry.objects.filter(
            organisation_id=checkpoint.organisation_id, seq__lte=checkpoint.seq
        ).order_by("seq").values_list("hash", flat=True)
    ]  # fmt: skip
    payload, signature = bytes(checkpoint.payload), bytes(checkpoint.signature)
    return build_proof(entry.organisation_id, entry.link, hashes, payload, checkpoint.key_id, signature)
