"""Everything that a reader can check of a certificate, offline: seal, record, print, ledger, and the results
themselves.

No database, no network, no clock. One line a check; a check that can't be made is said to be open, and never
counts as passed in silence.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.notes import listed, note
from atmpxb.quality.certificate import attachments, record
from atmpxb.quality.certificate.record import Certificate, RecordError
from atmpxb.quality.certificate.render import Voices
from atmpxb.quality.proof import derivation, drawn, hands, inclusion, manifests, recompute, times
from atmpxb.quality.proof.guard import guarded
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger import checkpoint, merkle
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.chain import entry_hash
from atmpxb.records.signatures import trust as trust_lists
from atmpxb.records.signatures.seal import Seal, check_seal
from atmpxb.records.signatures.trust import Seat, Trusted, TrustList

APPROVED = "certificate.approved"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome. ``certificate`` None: nothing could be read that is worth judging further."""

    lines: tuple[Line, ...]
    certificate: Certificate | None = None

    @property
    def holds(self) -> bool:
        """Whether every check that was made holds, and the issuer is known."""
        return self.certificate is not None and all(line.ok is not False for line in self.lines)

    @property
    def kind(self) -> str:
        """``final``, ``interim``, or nothing where no certificate could be read."""
        return self.certificate.kind if self.certificate else ""


def verify(pdf: bytes, raw: Mapping[str, bytes] | None = None, trust: bytes | None = None, *, voices: Voices) -> Report:
    """Check a certificate.

    Args:
        raw: raw files by SHA-256 (hex); with them every recomputable result is recomputed.
        trust: a trust list that the reader obtained separately. Without one the issuer stays unknown: not a
        pass.
        voices: language → how notes are told in it, to draw the pages again.
    """
    try:
        trusted = None if trust is None else trust_lists.parse(trust)
    except trust_lists.NotATrustList as error:
        return Report((Line("trust list", False, error.note),))
    sealed = check_seal(pdf, trusted)
    if sealed.seal is None:
        assert sealed.problem is not None, "what has no seal says why"
        return Report((Line("seal", False, sealed.problem),))
    lines = [
        Line(
            "seal",
            True,
            note(
                "seal.intact",
                "intact, sealed at {at}; it covers every byte of the file",
                at=utc_text(sealed.seal.at),
            ),
        )
    ]
    try:
        files = attachments.extract(pdf)
        content = files[attachments.RECORD]
        certificate = record.parse(content)
    except KeyError:
        return Report((*lines, Line("record", False, note("record.absent", "no machine-readable record is attached"))))
    except (attachments.AttachmentError, RecordError) as error:
        return Report((*lines, Line("record", False, error.note)))
    lines += _issuer(sealed.seal, sealed.issuer, trusted, certificate)
    lines.append(_record(content, sealed.seal))
    lines += guarded("printed text", lambda: [drawn.judge(pdf, certificate, files, voices)])
    lines += examine(certificate, content, files, raw, sealed.seal, sealed.issuer)
    lines += _standing(certificate)
    return Report(tuple(lines), certificate)


def examine(
    certificate: Certificate,
    content: bytes,
    files: Mapping[str, bytes],
    raw: Mapping[str, bytes] | None,
    seal: Seal,
    issuer: Trusted | None,
) -> Iterator[Line]:
    """Every check of what a record says and what is attached to it, each by its name."""
    proof = files.get(attachments.PROOF, b"")
    yield from guarded("approval", lambda: _proof(proof, record.record_sha256(content), certificate, issuer))
    yield from guarded("times", lambda: [_times(proof, certificate, seal, issuer)])
    yield from guarded("signatures", lambda: manifests.judge(certificate, files, issuer))
    yield from guarded("four eyes", lambda: [hands.judge(certificate, manifests.binding(certificate, files, issuer))])
    yield from guarded("documents", lambda: recompute.documents(certificate, files))
    yield from guarded("derived", lambda: [derivation.told(certificate, files)])
    yield from guarded("verdicts", lambda: recompute.verdicts(certificate, files))
    yield from guarded("analyses", lambda: recompute.analyses(certificate, files, raw))


def _issuer(seal: Seal, issuer: Trusted | None, trust: TrustList | None, certificate: Certificate) -> Iterator[Line]:
    named = certificate.issued_by
    if trust is None:
        yield Line(
            "issuer",
            False,
            note(
                "issuer.not_authenticated",
                "intact, issuer not authenticated: the seal says '{subject}'; give a trust list",
                subject=seal.subject,
            ),
        )
    elif issuer is None:
        yield Line(
            "issuer",
            False,
            note(
                "issuer.not_trusted",
                "the seal says '{subject}', but its certificate is not in the trust list of {published}: the keys may"
                " have been renewed since; fetch the newer trust list, not from whoever sent this file",
                subject=seal.subject,
                published=trust.published_at,
            ),
        )
    elif str(issuer.id) != named.id:
        yield Line(
            "issuer",
            False,
            note(
                "issuer.other",
                "sealed by {name}, while the record says it is issued by {issuer}",
                name=issuer.name,
                issuer=named.name,
            ),
        )
    elif (issuer.name, issuer.seat) != (named.name, Seat(named.address, named.country)):
        yield Line(
            "issuer",
            False,
            note(
                "issuer.otherwise",
                "the record says '{told}'; the trust list knows the owner of the seal as '{known}'",
                told=", ".join((named.name, named.address, named.country)),
                known=", ".join((issuer.name, issuer.seat.address, issuer.seat.country)),
            ),
        )
    else:
        yield Line(
            "issuer",
            True,
            note(
                "issuer.trusted",
                "sealed by {name}, as the trust list of {at} knows it",
                name=issuer.name,
                at=trust.published_at,
            ),
        )
    if seal.demo or certificate.illustrative:
        yield Line("demo", None, note("demo.illustrative", "DEMO: illustrative data, not of a real batch"))


def _record(content: bytes, seal: Seal) -> Line:
    digest = record.record_sha256(content)
    if digest != seal.record_sha256:
        return Line(
            "record",
            False,
            note(
                "record.not_sealed",
                "the attached record ({digest}…) is not the one that was sealed",
                digest=digest[:16],
            ),
        )
    return Line("record", True, note("record.canonical", "canonical, SHA-256 {digest}", digest=digest))


def _proof(content: bytes, digest: str, certificate: Certificate, issuer: Trusted | None) -> Iterator[Line]:
    try:
        proof = inclusion.parse_proof(content)
    except inclusion.NotAProof as error:
        yield Line("approval", False, error.note)
        return
    yield _approval(proof, digest, certificate)
    point = proof.checkpoint
    included = (
        proof.leaf_index == proof.entry.seq - 1
        and proof.tree_size == point.count
        and str(point.organisation) == str(proof.organisation) == certificate.issued_by.id
        and merkle.includes(proof.entry.hash, proof.leaf_index, proof.tree_size, proof.path, point.merkle_root)
    )
    facts = {"seq": proof.entry.seq, "count": point.count, "at": utc_text(point.at)}
    if included:
        where = note("inclusion.holds", "entry {seq} of the {count} under the checkpoint of {at}", **facts)
    else:
        where = note(
            "inclusion.absent",
            "the approval is not entry {seq} of the {count} under the checkpoint of {at}",
            **facts,
        )
    yield Line("inclusion", included, where)
    yield _checkpoint(proof, issuer)


def _times(content: bytes, certificate: Certificate, seal: Seal, issuer: Trusted | None) -> Line:
    try:
        proof = inclusion.parse_proof(content)
        entry = json.loads(proof.entry.payload)
    except (ValueError, RecursionError):
        said = note("times.no_proof", "there is no proof of the approval that tells a time")
        return Line("times", False, said)
    return times.judge(certificate, entry, proof.checkpoint, seal, issuer)


def _approval(proof: inclusion.Proof, digest: str, certificate: Certificate) -> Line:
    entry = proof.entry
    if entry_hash(entry.prev, entry.seq, entry.payload) != entry.hash:
        return Line("approval", False, note("approval.altered", "the ledger entry is not what its hash says"))
    try:
        said = json.loads(entry.payload)
        holds = (
            said["event"] == APPROVED
            and said["organisation"] == certificate.issued_by.id
            and said["facts"]["record_sha256"] == digest
            and (said["facts"]["number"], said["facts"]["version"]) == (certificate.number, certificate.version)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return Line("approval", False, note("approval.unreadable", "the ledger entry can't be read as an approval"))
    if not holds:
        return Line("approval", False, note("approval.other", "the ledger entry does not approve this record"))
    return Line(
        "approval",
        True,
        note(
            "approval.holds",
            "the ledger entry {seq} of {name} approves this record",
            seq=entry.seq,
            name=certificate.issued_by.name,
        ),
    )


def _checkpoint(proof: inclusion.Proof, issuer: Trusted | None) -> Line:
    if issuer is None:
        return Line(
            "checkpoint",
            None,
            note(
                "checkpoint.not_judged",
                "signed by {key}; a key that no trust list vouches for is not judged",
                key=proof.key_id,
            ),
        )
    key = issuer.checkpoint_key(proof.key_id, proof.checkpoint.at)
    if key is None:
        return Line(
            "checkpoint",
            False,
            note(
                "checkpoint.no_key",
                "{name} had no key {key} at {at}: fetch the newer trust list if the keys were renewed since",
                name=issuer.name,
                key=proof.key_id,
                at=utc_text(proof.checkpoint.at),
            ),
        )
    public = Ed25519PublicKey.from_public_bytes(key.public)
    if not checkpoint.signed_by(public, proof.payload, proof.signature):
        return Line(
            "checkpoint",
            False,
            note("checkpoint.not_signed", "its signature is not by the key {key}", key=key.id),
        )
    return Line(
        "checkpoint",
        True,
        note("checkpoint.signed", "signed by {name} with {key}", name=issuer.name, key=key.id),
    )


def _standing(certificate: Certificate) -> Iterator[Line]:
    if certificate.kind == "interim":
        pending = [line.code for line in certificate.tests if line.status == "pending"]
        yield Line(
            "kind",
            None,
            note(
                "kind.interim",
                "INTERIM report, not a certificate of the batch; pending: {pending}",
                pending=listed(pending),
            ),
        )
    else:
        yield Line(
            "kind",
            True,
            note(
                "kind.final",
                "final certificate {number} version {version}",
                number=certificate.number,
                version=certificate.version,
            ),
        )
    if replaced := certificate.replaces:
        what = note(
            "replaces.earlier",
            "replaces {number} version {version}, which no longer stands: {reason}",
            number=replaced.number,
            version=replaced.version,
            reason=replaced.reason,
        )
        yield Line("replaces", None, what)
    yield Line(
        "current",
        None,
        note(
            "current.unknown",
            "whether it was superseded or recalled is unknown offline: see {address}",
            address=certificate.verification_url,
        ),
    )
