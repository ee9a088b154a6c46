"""Taking an issued certificate back: signed, with a reason, told to the client, said on its public page."""

from typing import Any

from django.utils import timezone

from atmpxb.quality.actions.failures import CHECKPOINT
from atmpxb.quality.models import Certificate, Publication
from atmpxb.quality.states import move
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import action, change, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.signatures.actions import Changed, Proof, digest_of, sign
from atmpxb.records.signatures.models import Meaning


def content(certificate: Certificate) -> dict[str, Any]:
    """What the signer has before the eyes: which document it is, byte for byte, and how it stands."""
    return {
        "certificate": str(certificate),
        "state": str(certificate.state),
        "record_sha256": certificate.record_sha256,
        "pdf_sha256": certificate.pdf_sha256,
    }


@action("quality.withdraw_certificate", roles={Role.QP})
def withdraw_certificate(
    *, actor: Actor, certificate: Certificate, reason: str, proof: Proof, seen: str
) -> Certificate:
    """Declare that an issued certificate no longer holds. A corrected one may follow; it names this one.

    The client reads the reason; the public page says only that it is withdrawn, and since when.

    Args:
        seen: digest of ``content`` as it was shown; the reason, typed by the signer, is bound together with it.

    Raises:
        Changed: the certificate is no longer what was seen.
        NotPossibleNow: it is not issued, superseded, or withdrawn already.
    """
    reason = require_reason(reason)
    stored = Certificate.objects.select_for_update().get(pk=certificate.pk)
    if digest_of(content(stored)) != seen:
        raise Changed("this certificate has changed since you opened it; look at it again before you sign")
    bound = {**content(stored), "reason": reason}
    signature = sign(
        actor=actor, proof=proof, on=certificate, meaning=Meaning.WITHDRAWN, content=bound, seen=digest_of(bound)
    )
    now = timezone.now()
    move(certificate, "certificate.withdrawn", withdrawn_at=now, withdrawal_reason=reason, withdrawal=signature)
    change(Publication.objects.get(organisation_id=actor.organisation_id, token=certificate.token), withdrawn_at=now)
    client = certificate.order.client_id
    for event, chain in (("certificate.withdrawn", None), ("certificate.recalled", client)):
        record(
            event, actor=actor, on=certificate, chain=chain, number=str(certificate), reason=reason,
            files=[certificate.pdf_sha256],
        )  # fmt: skip
    jobs.enqueue(CHECKPOINT, organisation=str(actor.organisation_id), actor=str(actor.person_id))
    return certificate
