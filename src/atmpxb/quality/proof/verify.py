"""Everything that a reader can check of a certificate, offline: seal, record, print, ledger, and the results
themselves.

No database, no network, no clock. One line a check; a check that can't be made is said to be open, and never
counts as passed in silence.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.quality.certificate import attachments, record, wording
from atmpxb.quality.certificate.record import Certificate, RecordError
from atmpxb.quality.proof import inclusion, manifests, recompute
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger import checkpoint, merkle
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.chain import entry_hash
from atmpxb.records.signatures import trust as trust_lists
from atmpxb.records.signatures.printed import normalised
from atmpxb.records.signatures.seal import Seal, check_seal
from atmpxb.records.signatures.trust import Trusted, TrustList

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
    lines.append(_print(sealed.text, certificate))
    lines += _proof(
        files.get(attachments.PROOF, b""), record.record_sha256(content), certificate, sealed.issuer
    )
    lines += manifests.judge(certificate, files, sealed.issuer)
    lines += recompute.documents(certificate, files)
    lines += recompute.verdicts(certificate, files)
    lines += recompute.analyses(certificate, files, raw)
    lines += _standing(certificate)
    return Report(tuple(lines), certificate)


def _issuer(
    seal: Seal, issuer: Trusted | None, trust: TrustList | None, certificate: Certificate
) -> Iterator[Line]:
    named = certificate.issued_by
    if trust is None:
        yield Line(
            "issuer",
            False,
            f"intact, issuer not authenticated: the seal says {seal.subject!r}; give a trust list",
        )
    elif issuer is None:
        yield Line(
            "issuer",
            False,
            f"the seal says {seal.subject!r}, but its certificate is not in the trust list of {trust.published_at}:"
            " the keys may have been renewed since; fetch the newer trust list, not from whoever sent this file",
        )
    elif str(issuer.id) != named.id:
        yield Line(
            "issuer", False, f"sealed by {issuer.name}, while the record says it is issued by {named.name}"
        )
    else:
        yield Line(
            "issuer", True, f"sealed by {issuer.name}, as the trust list of {trust.published_at} knows it"
        )
    if seal.demo or certificate.illustrative:
        yield Line("demo", None, "DEMO: illustrative data, not of a real batch")


def _record(content: bytes, seal: Seal) -> Line:
    digest = record.record_sha256(content)
    if digest != seal.record_sha256:
        return Line("record", False, f"the attached record ({digest[:16]}…) is not the one that was sealed")
    return Line("record", True, f"canonical, SHA-256 {digest}")


def _print(text: str, certificate: Certificate) -> Line:
    """The seal holds the text's digest; here the text must say what the record says, in the order of the
    table.
    """
    place = 0
    expected = [normalised(item) for item in wording.must_be_printed(certificate)]
    for item in expected:
        found = text.find(item, place)
        if found < 0:
            return Line("printed text", False, f"the pages do not say {item!r} where the record does")
        place = found + len(item)
    return Line(
        "printed text", True, f"says every result, limit and verdict of the record ({len(expected)} pieces)"
    )


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
        and merkle.includes(
            proof.entry.hash, proof.leaf_index, proof.tree_size, proof.path, point.merkle_root
        )
    )
    where = f"entry {proof.entry.seq} of the {point.count} under the checkpoint of {utc_text(point.at)}"
    yield Line("inclusion", included, where if included else f"the approval is not {where}")
    yield _checkpoint(proof, issuer)


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
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return Line("approval", False, "the ledger entry can't be read as an approval")
    if not holds:
        return Line("approval", False, "the ledger entry does not approve this record")
    return Line(
        "approval", True, f"the ledger entry {entry.seq} of {certificate.issued_by.name} approves this record"
    )


def _checkpoint(proof: inclusion.Proof, issuer: Trusted | None) -> Line:
    if issuer is None:
        return Line(
            "checkpoint",
            None,
            f"signed by {proof.key_id}; a key that no trust list vouches for is not judged",
        )
    key = issuer.checkpoint_key(proof.key_id, proof.checkpoint.at)
    if key is None:
        had_none = f"{issuer.name} had no key {proof.key_id} at {utc_text(proof.checkpoint.at)}"
        return Line("checkpoint", False, f"{had_none}: fetch the newer trust list if the keys were renewed since")
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
