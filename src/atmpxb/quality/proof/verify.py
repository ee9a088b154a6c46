"""Everything that a reader can check of a certificate, offline: seal, record, print, ledger, and the results
themselves.

No database, no network, no clock. One line a check; a check that can't be made is said to be open, and never
counts as passed in silence.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.quality.certificate import attachments, record
from atmpxb.quality.certificate.record import Certificate, RecordError
from atmpxb.quality.proof import derivation, drawn, hands, inclusion, manifests, recompute, times
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


def verify(pdf: bytes, raw: Mapping[str, bytes] | None = None, trust: bytes | None = None) -> Report:
    """Check a certificate.

    Args:
        raw: raw files by SHA-256 (hex); with them every recomputable result is recomputed.
        trust: a trust list that the reader obtained separately. Without one the issuer stays unknown: not a
        pass.
    """
    try:
        trusted = None if trust is None else trust_lists.parse(trust)
    except trust_lists.NotATrustList as error:
        return Report((Line("trust list", False, str(error)),))
    sealed = check_seal(pdf, trusted)
    if sealed.seal is None:
        return Report((Line("seal", False, sealed.problem),))
    lines = [Line("seal", True, f"intact, sealed at {utc_text(sealed.seal.at)}; it covers every byte of the file")]
    try:
        files = attachments.extract(pdf)
        content = files[attachments.RECORD]
        certificate = record.parse(content)
    except KeyError:
        return Report((*lines, Line("record", False, "no machine-readable record is attached")))
    except (attachments.AttachmentError, RecordError) as error:
        return Report((*lines, Line("record", False, str(error))))
    lines += _issuer(sealed.seal, sealed.issuer, trusted, certificate)
    lines.append(_record(content, sealed.seal))
    lines += _guarded("printed text", lambda: [drawn.judge(pdf, certificate, files)])
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
    yield from _guarded("approval", lambda: _proof(proof, record.record_sha256(content), certificate, issuer))
    yield from _guarded("times", lambda: [_times(proof, certificate, seal, issuer)])
    yield from _guarded("signatures", lambda: manifests.judge(certificate, files, issuer))
    yield from _guarded("four eyes", lambda: [hands.judge(certificate, manifests.binding(certificate, files, issuer))])
    yield from _guarded("documents", lambda: recompute.documents(certificate, files))
    yield from _guarded("derived", lambda: [derivation.told(certificate, files)])
    yield from _guarded("verdicts", lambda: recompute.verdicts(certificate, files))
    yield from _guarded("analyses", lambda: recompute.analyses(certificate, files, raw))


def _guarded(check: str, lines: Callable[[], Iterable[Line]]) -> list[Line]:
    """The lines of a check. Whatever a stranger's record makes it do, the answer is a line with its name."""
    try:
        return list(lines())
    except Exception as error:
        return [Line(check, False, f"this can't be judged: {type(error).__name__} {error}"[:400])]


def _issuer(seal: Seal, issuer: Trusted | None, trust: TrustList | None, certificate: Certificate) -> Iterator[Line]:
    named = certificate.issued_by
    if trust is None:
        yield Line(
            "issuer",
            False,
            f"intact, issuer not authenticated: the seal says {seal.subject!r}; give a trust list",
        )
    elif issuer is None:
        yield Line("issuer", False, f"the seal says {seal.subject!r}, but its certificate is not in the trust list")
    elif str(issuer.id) != named.id:
        yield Line("issuer", False, f"sealed by {issuer.name}, while the record says it is issued by {named.name}")
    elif (issuer.name, issuer.seat) != (named.name, Seat(named.address, named.country)):
        here = ", ".join((issuer.name, issuer.seat.address, issuer.seat.country))
        told = ", ".join((named.name, named.address, named.country))
        yield Line("issuer", False, f"the record says {told!r}; the trust list knows the owner of the seal as {here!r}")
    else:
        yield Line("issuer", True, f"sealed by {issuer.name}, as the trust list of {trust.published_at} knows it")
    if seal.demo or certificate.illustrative:
        yield Line("demo", None, "DEMO: illustrative data, not of a real batch")


def _record(content: bytes, seal: Seal) -> Line:
    digest = record.record_sha256(content)
    if digest != seal.record_sha256:
        return Line("record", False, f"the attached record ({digest[:16]}…) is not the one that was sealed")
    return Line("record", True, f"canonical, SHA-256 {digest}")


def _proof(content: bytes, digest: str, certificate: Certificate, issuer: Trusted | None) -> Iterator[Line]:
    try:
        proof = inclusion.parse_proof(content)
    except inclusion.NotAProof as error:
        yield Line("approval", False, str(error))
        return
    yield _approval(proof, digest, certificate)
    point = proof.checkpoint
    included = (
        proof.leaf_index == proof.entry.seq - 1
        and proof.tree_size == point.count
        and str(point.organisation) == str(proof.organisation) == certificate.issued_by.id
        and merkle.includes(proof.entry.hash, proof.leaf_index, proof.tree_size, proof.path, point.merkle_root)
    )
    where = f"entry {proof.entry.seq} of the {point.count} under the checkpoint of {utc_text(point.at)}"
    yield Line("inclusion", included, where if included else f"the approval is not {where}")
    yield _checkpoint(proof, issuer)


def _times(content: bytes, certificate: Certificate, seal: Seal, issuer: Trusted | None) -> Line:
    try:
        proof = inclusion.parse_proof(content)
        entry = json.loads(proof.entry.payload)
    except (ValueError, RecursionError):
        return Line("times", False, "there is no proof of the approval that tells a time")
    return times.judge(certificate, entry, proof.checkpoint, seal, issuer)


def _approval(proof: inclusion.Proof, digest: str, certificate: Certificate) -> Line:
    entry = proof.entry
    if entry_hash(entry.prev, entry.seq, entry.payload) != entry.hash:
        return Line("approval", False, "the ledger entry is not what its hash says")
    try:
        said = json.loads(entry.payload)
        holds = (
            said["event"] == APPROVED
            and said["organisation"] == certificate.issued_by.id
            and said["facts"]["record_sha256"] == digest
            and (said["facts"]["number"], said["facts"]["version"]) == (certificate.number, certificate.version)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return Line("approval", False, "the ledger entry can't be read as an approval")
    if not holds:
        return Line("approval", False, "the ledger entry does not approve this record")
    return Line("approval", True, f"the ledger entry {entry.seq} of {certificate.issued_by.name} approves this record")


def _checkpoint(proof: inclusion.Proof, issuer: Trusted | None) -> Line:
    if issuer is None:
        return Line(
            "checkpoint",
            None,
            f"signed by {proof.key_id}; a key that no trust list vouches for is not judged",
        )
    key = issuer.checkpoint_key(proof.key_id, proof.checkpoint.at)
    if key is None:
        return Line("checkpoint", False, f"{issuer.name} had no key {proof.key_id} at {utc_text(proof.checkpoint.at)}")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    if not checkpoint.signed_by(public, proof.payload, proof.signature):
        return Line("checkpoint", False, f"its signature is not by the key {key.id}")
    return Line("checkpoint", True, f"signed by {issuer.name} with {key.id}")


def _standing(certificate: Certificate) -> Iterator[Line]:
    if certificate.kind == "interim":
        pending = [line.code for line in certificate.tests if line.status == "pending"]
        yield Line(
            "kind", None, f"INTERIM report, not a certificate of the batch; pending: {', '.join(pending) or 'none'}"
        )
    else:
        yield Line("kind", True, f"final certificate {certificate.number} version {certificate.version}")
    if replaced := certificate.replaces:
        what = f"replaces {replaced.number} version {replaced.version}, which no longer stands: {replaced.reason}"
        yield Line("replaces", None, what)
    yield Line(
        "current",
        None,
        f"whether it was superseded or recalled is unknown offline: see {certificate.verification_url}",
    )
