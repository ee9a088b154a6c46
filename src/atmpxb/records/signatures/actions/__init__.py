"""Signing: who you are is proven again, then exactly what you saw is bound to your name, a meaning and a moment."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.checkpoints import make_checkpoint
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import NotPermitted, acting_for, action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.records.signatures.actions.factors import FactorServesElsewhere, NoSecondFactor, reset_factor
from atmpxb.records.signatures.actions.proving import (
    LOCK_AFTER,
    LOCK_FOR,
    PROOF_LIFE,
    IdentityNotVerified,
    LockedElsewhere,
    NotLocked,
    Proof,
    ProofSpent,
    SecondFactorMissing,
    SigningLocked,
    SigningRefused,
    demand_fresh,
    locked_until,
    needs_code,
    prove_identity,
    unlock_signing,
)
from atmpxb.records.signatures.keys import Identity
from atmpxb.records.signatures.models import Meaning, Signature, SigningKey
from atmpxb.records.signatures.signing import SigningClient
from atmpxb.records.signatures.withheld import withhold


class Changed(Exception):
    """What was to be signed is no longer what the signer saw."""


def signing_client() -> SigningClient:
    """The way to the process that holds the keys."""
    return SigningClient(Path(settings.SIGNER_SOCKET))


def digest_of(content: Mapping[str, Any]) -> str:
    """What identifies the content a signer saw: compared again at the moment of signing."""
    return sha256(canonical(content)).hexdigest()


def sign(
    *,
    actor: Actor,
    proof: Proof,
    on: models.Model,
    meaning: Meaning,
    content: Mapping[str, Any],
    seen: str,
    internal: Collection[str] = (),
) -> Signature:
    """Inside an action: bind ``content`` to the actor. The action that calls this records it.

    Args:
        content: everything that is bound: values, verdicts, file hashes, versions and hashes of documents.
        seen: ``digest_of`` the content as it was shown to the signer.
        internal: names of the content that never leaves the house; the manifest binds them without showing them.

    Raises:
        ProofSpent: the proof is not this actor's, is used or too old.
        Changed: the content is no longer what was seen.
    """
    now = timezone.now()
    demand_fresh(proof, actor)
    if digest_of(content) != seen:
        raise Changed("this has changed since you opened it; look at it again before you sign")
    proof.spent = True
    head = LedgerEntry.objects.filter(organisation_id=actor.organisation_id).order_by("-seq").first()
    shown, withheld = withhold(content, internal)
    signer, account = withhold(
        {"person": str(actor.person_id), "name": actor.name, "function": actor.function}, ("person",)
    )
    manifest = canonical(
        {
            "schema": "atmpxb.manifest/1",
            "organisation": str(actor.organisation_id),
            "subject": {"table": on._meta.db_table, "id": str(on.pk)},
            "meaning": str(meaning),
            "signer": signer,
            "at": now,
            "content": shown,
            "content_sha256": digest_of(shown),
            "ledger": {"seq": head.seq, "hash": bytes(head.hash).hex()} if head else None,
        }
    )
    sealed = signing_client().sign_manifest(actor.organisation_id, manifest)
    return create(
        Signature, person_id=actor.person_id, name=actor.name, function=actor.function, meaning=meaning,
        subject_table=on._meta.db_table, subject_id=on.pk, manifest=manifest.decode(),
        withheld={"content": withheld, "signer": account},
        manifest_sha256=sha256(manifest).hexdigest(), key_id=sealed.key_id, seal=sealed.signature, signed_at=now,
    )  # fmt: skip


def publish_keys(*, actor: Actor) -> list[SigningKey]:
    """Make the organisation's keys in the signing process, and publish what it holds and the database does not yet.

    Harmless when repeated: it also mends a renewal that was cut off between the new keys and their publication.

    Raises:
        NotPermitted: only an administrator makes keys.
    """
    if not actor.holds(Role.ADMINISTRATOR):
        raise NotPermitted("signatures.publish_keys", [Role.ADMINISTRATOR])
    with acting_for(actor.organisation_id, actor.person_id):
        organisation = Organisation.objects.get(pk=actor.organisation_id)
    identity = signing_client().enrol(organisation.pk, organisation.name, demo=organisation.illustrative)
    with acting_for(actor.organisation_id, actor.person_id):
        missing = unpublished(identity)
    return publish_identity(actor=actor, identity=identity) if missing else []


def unpublished(identity: Identity) -> list[tuple[str, str, str, datetime]]:
    """Use, id, public half and beginning of each key of the signing process that the database does not know."""
    since = [datetime.fromisoformat(key.since) for key in identity.checkpoint_keys]
    halves = [
        ("ledger", key.id, key.public.hex(), at) for key, at in zip(identity.checkpoint_keys, since, strict=True)
    ] + [
        ("seal", sha256(der).hexdigest(), der.hex(), at)
        for der, at in zip(identity.seal_certificates, since, strict=True)
    ]  # fmt: skip
    known = set(SigningKey.objects.filter(organisation_id=identity.organisation).values_list("key_id", flat=True))
    return [half for half in halves if half[1] not in known]


@action("signatures.publish_keys", roles={Role.ADMINISTRATOR})
def publish_identity(*, actor: Actor, identity: Identity) -> list[SigningKey]:
    """Put public halves on file that the signing process told, so that the trust list names them.

    Raises:
        Changed: another process has published them meanwhile.
    """
    if identity.organisation != actor.organisation_id:
        raise ValueError("an organisation publishes its own keys")
    published = [
        create(SigningKey, use=use, key_id=key_id, public=public, since=since, published_at=timezone.now())
        for use, key_id, public, since in unpublished(identity)
    ]
    if not published:
        raise Changed("these keys were published meanwhile")
    record("keys.published", actor=actor, on=published[0], keys=[[key.use, key.key_id] for key in published])
    return published


def rotation_content(identity: Identity, reason: str) -> dict[str, Any]:
    """What the person who renews the keys signs: which ones end, and why."""
    seal = sha256(identity.seal_certificates[-1]).hexdigest()
    return {"ledger": identity.checkpoint_keys[-1].id, "seal": seal, "reason": reason}


def rotate_keys(*, actor: Actor, proof: Proof, ending: str, reason: str) -> list[SigningKey]:
    """Renew the organisation's keys. The chain is sealed under the old key before, and under the new one after.

    Each step can be repeated: cut off before the new keys are made, the old ones go on; cut off after it,
    ``publish_keys`` publishes them.

    Args:
        ending: id of the ledger key that the person saw as the current one.

    Raises:
        Changed: that key ended meanwhile.
        SigningError: the signing process does not answer.
    """
    publish_keys(actor=actor)
    before = signing_client().identity(actor.organisation_id)
    if before.checkpoint_keys[-1].id != ending:
        raise Changed("the keys were renewed since you opened this page")
    authorise_rotation(actor=actor, proof=proof, identity=before, reason=reason)
    make_checkpoint(actor=actor, sign=signing_client())
    signing_client().rotate(actor.organisation_id, ending)
    published = publish_keys(actor=actor)
    make_checkpoint(actor=actor, sign=signing_client())
    return published


@action("signatures.authorise_rotation", roles={Role.ADMINISTRATOR})
def authorise_rotation(*, actor: Actor, proof: Proof, identity: Identity, reason: str) -> Signature:
    """Sign, under the keys that end, that they are to be renewed."""
    organisation = Organisation.objects.get(pk=actor.organisation_id)
    content = rotation_content(identity, reason)
    signature = sign(
        actor=actor, proof=proof, on=organisation, meaning=Meaning.AUTHORISED, content=content, seen=digest_of(content)
    )
    record("keys.renewal_authorised", actor=actor, on=signature, reason=reason, ending=content["ledger"])
    return signature


def manifest_content(signature: Signature) -> dict[str, Any]:
    """What a signature bound, with what stays in the house."""
    kept = {name: one["value"] for name, one in signature.withheld.get("content", {}).items()}
    return {**json.loads(signature.manifest)["content"], **kept}


__all__ = [
    "LOCK_AFTER",
    "LOCK_FOR",
    "PROOF_LIFE",
    "Changed",
    "FactorServesElsewhere",
    "IdentityNotVerified",
    "LockedElsewhere",
    "NoSecondFactor",
    "NotLocked",
    "Proof",
    "ProofSpent",
    "SecondFactorMissing",
    "SigningLocked",
    "SigningRefused",
    "authorise_rotation",
    "digest_of",
    "locked_until",
    "manifest_content",
    "needs_code",
    "prove_identity",
    "publish_identity",
    "publish_keys",
    "reset_factor",
    "rotate_keys",
    "rotation_content",
    "sign",
    "signing_client",
    "unlock_signing",
    "unpublished",
]
