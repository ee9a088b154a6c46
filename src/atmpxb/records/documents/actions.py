"""Controlled documents: a draft is written, another person signs it into effect, the next version supersedes it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.records.documents.models import Document, DocumentKind, DocumentVersion, VersionState
from atmpxb.records.documents.states import WITHDRAWABLE, move
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.signatures.actions import Changed, Proof, digest_of, sign
from atmpxb.records.signatures.models import Meaning


class VersionExists(Refused):
    """The document has a version of this name with other content; a version never changes."""


class AuthorCannotApprove(Refused):
    """Who drafted a document does not approve it."""

    def __init__(self) -> None:
        super().__init__(
            "document.own", "You drafted this version, so another person must approve it", "Hand it to a colleague"
        )


@action("documents.draft_version", roles={Role.ANALYST, Role.REVIEWER, Role.QP, Role.CLIENT})
def draft_version(
    *,
    actor: Actor,
    kind: DocumentKind,
    code: str,
    version: str,
    title: Mapping[str, str],
    source: bytes,
) -> DocumentVersion:
    """Put a version of a document on file, byte for byte. The caller has checked that it can be read.

    Raises:
        VersionExists: this version is on file with other bytes.
    """
    digest = sha256(source).hexdigest()
    document = Document.objects.filter(organisation_id=actor.organisation_id, kind=kind, code=code).first()
    if document and (present := document.versions.filter(version=version).first()):
        if present.sha256 == digest:
            raise VersionExists(
                "document.on_file", "{document} {version} is on file already", document=code, version=version
            )
        raise VersionExists(
            "document.version_taken",
            "{document} {version} is on file already with other content",
            "Give the changed text a new version",
            document=code,
            version=version,
        )
    document = document or create(Document, kind=kind, code=code)
    drafted = create(
        DocumentVersion, document=document, version=version, title=dict(title), source=source.decode(),
        sha256=digest, drafted_at=timezone.now(), drafted_by_id=actor.person_id,
    )  # fmt: skip
    record("document.drafted", actor=actor, on=drafted, code=code, version=version, sha256=digest)
    return drafted


def approval_content(version: DocumentVersion) -> dict[str, Any]:
    """What is bound by the signature that makes a version effective."""
    return {
        "document": {
            "kind": version.document.kind,
            "code": version.document.code,
            "version": version.version,
            "sha256": version.sha256,
        }
    }


@action("documents.make_effective", roles={Role.REVIEWER, Role.QP})
def make_effective(*, actor: Actor, version: DocumentVersion, proof: Proof, seen: str) -> DocumentVersion:
    """Sign a draft into effect; the version that was effective is superseded in the same moment.

    Raises:
        NotPossibleNow: it is no draft any more.
        AuthorCannotApprove: the actor drafted it.
    """
    if version.drafted_by_id == actor.person_id:
        raise AuthorCannotApprove
    signature = sign(
        actor=actor, proof=proof, on=version, meaning=Meaning.EFFECTIVE, content=approval_content(version), seen=seen
    )
    now = timezone.now()
    for earlier in version.document.versions.filter(state=VersionState.EFFECTIVE):
        move(earlier, "document.superseded", superseded_at=now)
    move(version, "document.made_effective", effective_from=now)
    record(
        "document.made_effective",
        actor=actor,
        on=version,
        sha256=version.sha256,
        signature=str(signature.pk),
        content=digest_of(approval_content(version)),
    )
    return version


def withdrawal_content(version: DocumentVersion) -> dict[str, Any]:
    """What somebody has before the eyes who takes a version out of use: which bytes, and how they stand."""
    return {**approval_content(version), "state": str(version.state)}


@action("documents.withdraw_version", roles={Role.REVIEWER, Role.QP})
def withdraw_version(
    *, actor: Actor, version: DocumentVersion, reason: str, proof: Proof, seen: str
) -> DocumentVersion:
    """Sign a draft or an effective version out of use. Nothing new starts with it; what rests on it stays readable.

    Args:
        seen: digest of ``withdrawal_content`` as it was shown; the reason, typed by the signer, is bound with it.

    Raises:
        NotPossibleNow: it is superseded or withdrawn already.
        Changed: it is no longer what was seen.
    """
    reason = require_reason(reason)
    stored = DocumentVersion.objects.select_for_update(of=("self",)).select_related("document").get(pk=version.pk)
    if stored.state in WITHDRAWABLE and digest_of(withdrawal_content(stored)) != seen:
        raise Changed("this version has changed since you opened it; look at it again before you sign")
    bound = {**withdrawal_content(stored), "reason": reason}
    move(version, "document.withdrawn", withdrawn_at=timezone.now(), withdrawal_reason=reason)
    signature = sign(
        actor=actor, proof=proof, on=version, meaning=Meaning.RETIRED, content=bound, seen=digest_of(bound)
    )
    record(
        "document.withdrawn",
        actor=actor,
        on=version,
        sha256=version.sha256,
        reason=reason,
        signature=str(signature.pk),
        content=digest_of(bound),
    )
    return version
