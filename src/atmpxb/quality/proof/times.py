"""Whether what happened can have happened in this order: measured, signed, approved, checkpointed, sealed.

All times are the laboratory's own words; each is bound by a signature over it. What is told here is that they don't
contradict one another, and that the keys were in use at those times by the reader's trust list.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from atmpxb.quality.certificate.record import Certificate, TestLine
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.checkpoint import Checkpoint
from atmpxb.records.signatures.seal import Seal
from atmpxb.records.signatures.trust import Trusted

#: A seal, and the time of issue, tell whole seconds.
SECOND = timedelta(seconds=1)
#: Approval, its entry and the time of issue are one transaction.
TOGETHER = timedelta(minutes=2)
#: Instruments keep their own time, often without a zone.
INSTRUMENT = timedelta(days=1)
#: A seal is made right after the approval; this long when the worker stood still.
WAITING = timedelta(days=7)


def judge(
    certificate: Certificate, entry: Any, checkpoint: Checkpoint | None, seal: Seal, issuer: Trusted | None
) -> Line:
    """One line about all times.

    Args:
        entry: the payload of the ledger entry of the approval, as read.
        checkpoint: None where the proof can't be read.
    """
    problems = [*_of_tests(certificate), *_of_people(certificate)]
    problems += _of_approval(certificate, entry, checkpoint, seal)
    if issuer and not issuer.sealed_with(seal.certificate, seal.at):
        problems.append(f"at {utc_text(seal.at)} the seal's key was not in use, by the trust list or its own dates")
    message = "measured, signed, approved, checkpointed and sealed in this order"
    return Line("times", not problems, "; ".join(problems[:5]) or message)


def _of_tests(certificate: Certificate) -> Iterator[str]:
    approved = max(map(_at, (signature.at for signature in certificate.signatures)))
    for sample in certificate.samples:
        if _at(sample.received_at) - approved > SECOND:
            yield f"sample {sample.label} was received at {sample.received_at}, after the approval"
    for line in certificate.tests:
        measured = _measured(line)
        if measured is not None and _at(measured) - approved > INSTRUMENT:
            yield f"{line.code} was measured at {measured}, after the approval"


def _measured(line: TestLine) -> str | None:
    return line.measured_at


def _of_people(certificate: Certificate) -> Iterator[str]:
    """The last signature is the approval; the certificate is issued with it."""
    *before, last = certificate.signatures
    for signature in before:
        if _at(signature.at) > _at(last.at):
            yield f"{signature.name} signed at {signature.at}, after the approval of {last.at}"
    if abs(_at(certificate.issued_at) - _at(last.at)) > TOGETHER:
        yield f"it is issued at {certificate.issued_at}, but approved at {last.at}"


def _of_approval(certificate: Certificate, entry: Any, checkpoint: Checkpoint | None, seal: Seal) -> Iterator[str]:
    issued = _at(certificate.issued_at)
    try:
        entered = _at(entry["at"])
    except (KeyError, TypeError, ValueError):
        yield "the ledger entry of the approval tells no time"
        return
    if abs(entered - issued) > TOGETHER:
        yield f"the ledger entered the approval at {utc_text(entered)}, while it is issued at {certificate.issued_at}"
    if checkpoint is None:
        return
    if checkpoint.at < entered:
        yield f"the checkpoint of {utc_text(checkpoint.at)} is older than the approval of {utc_text(entered)}"
    if checkpoint.at - seal.at > SECOND or seal.at - issued > WAITING:
        yield (
            f"sealed at {utc_text(seal.at)}, which is before the checkpoint of {utc_text(checkpoint.at)} or more than"
            f" {WAITING.days} days after the issue at {certificate.issued_at}"
        )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
