"""Whether what happened can have happened in this order: measured, signed, approved, checkpointed, sealed.

All times are the laboratory's own words; each is bound by a signature over it. What is told here is that they don't
contradict one another, and that the keys were in use at those times by the reader's trust list.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.certificate.record import Certificate
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
        problems.append(
            note(
                "times.key",
                "at {at} the seal's key was not in use, by the trust list or its own dates",
                at=utc_text(seal.at),
            )
        )
    message = note("times.order", "measured, signed, approved, checkpointed and sealed in this order")
    return Line("times", not problems, tuple(problems[:5]) or message)


def _of_tests(certificate: Certificate) -> Iterator[Note]:
    approved = max(map(_at, (signature.at for signature in certificate.signatures)))
    for sample in certificate.samples:
        if _at(sample.received_at) - approved > SECOND:
            yield note(
                "times.received",
                "sample {sample} was received at {at}, after the approval",
                sample=sample.label,
                at=sample.received_at,
            )
    for line in certificate.tests:
        last = line.measured.last_at if line.measured else None
        if last is not None and _at(last) - approved > INSTRUMENT:
            yield note("times.measured", "{code} was measured at {at}, after the approval", code=line.code, at=last)
        if line.analysed_at is not None and _at(line.analysed_at) > approved:
            yield note(
                "times.analysed",
                "{code} was analysed at {at}, after the approval",
                code=line.code,
                at=line.analysed_at,
            )


def _of_people(certificate: Certificate) -> Iterator[Note]:
    """The last signature is the approval; the certificate is issued with it."""
    *before, last = certificate.signatures
    for signature in before:
        if _at(signature.at) > _at(last.at):
            yield note(
                "times.signed",
                "{name} signed at {at}, after the approval of {approved}",
                name=signature.name,
                at=signature.at,
                approved=last.at,
            )
    if abs(_at(certificate.issued_at) - _at(last.at)) > TOGETHER:
        yield note(
            "times.issued",
            "it is issued at {issued}, but approved at {approved}",
            issued=certificate.issued_at,
            approved=last.at,
        )


def _of_approval(certificate: Certificate, entry: Any, checkpoint: Checkpoint | None, seal: Seal) -> Iterator[Note]:
    issued = _at(certificate.issued_at)
    try:
        entered = _at(entry["at"])
    except (KeyError, TypeError, ValueError):
        yield note("times.none", "the ledger entry of the approval tells no time")
        return
    if abs(entered - issued) > TOGETHER:
        yield note(
            "times.entered",
            "the ledger entered the approval at {entered}, while it is issued at {issued}",
            entered=utc_text(entered),
            issued=certificate.issued_at,
        )
    if checkpoint is None:
        return
    if checkpoint.at < entered:
        yield note(
            "times.checkpoint",
            "the checkpoint of {checkpoint} is older than the approval of {entered}",
            checkpoint=utc_text(checkpoint.at),
            entered=utc_text(entered),
        )
    if checkpoint.at - seal.at > SECOND or seal.at - issued > WAITING:
        yield note(
            "times.sealed",
            "sealed at {sealed}, which is before the checkpoint of {checkpoint} or more than {days} days after the"
            " issue at {issued}",
            sealed=utc_text(seal.at),
            checkpoint=utc_text(checkpoint.at),
            days=WAITING.days,
            issued=certificate.issued_at,
        )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
