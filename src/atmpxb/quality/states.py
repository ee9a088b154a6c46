"""How each noun may move: one table a noun, and the one function that moves it.

A state never changes any other way. The tables are drawn into ``docs/states.md`` by ``atmpxb docs states``.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.records.ledger.transitions import NotPossibleNow, Table, move_by


class RequestState(models.TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class SampleState(models.TextChoices):
    EXPECTED = "expected", _("Expected")
    RECEIVED = "received", _("Received")
    ON_HOLD = "on_hold", _("On hold")
    MISSING = "missing", _("Missing")


class RunState(models.TextChoices):
    OPEN = "open", _("Open")
    SUBMITTED = "submitted", _("Waiting for review")
    REVIEWED = "reviewed", _("Reviewed")
    INVALID = "invalid", _("Invalid")


class TestState(models.TextChoices):
    ORDERED = "ordered", _("Waiting")
    RUNNING = "running", _("In a run")
    MEASURED = "measured", _("Measured")
    SUBMITTED = "submitted", _("Waiting for review")
    REVIEWED = "reviewed", _("Reviewed")
    APPROVED = "approved", _("Approved")
    INVALID = "invalid", _("Invalid")
    CANCELLED = "cancelled", _("Not possible")


class FileState(models.TextChoices):
    READY = "ready", _("Ready")
    QUARANTINED = "quarantined", _("In quarantine")
    UNREADABLE = "unreadable", _("Not readable")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AnalysisState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    SUPERSEDED = "superseded", _("Superseded")


class CertificateState(models.TextChoices):
    APPROVED = "approved", _("Being issued")
    ISSUED = "issued", _("Issued")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


#: noun → its states
STATES: Mapping[str, type[models.TextChoices]] = {
    "request": RequestState,
    "sample": SampleState,
    "run": RunState,
    "test": TestState,
    "file": FileState,
    "analysis": AnalysisState,
    "certificate": CertificateState,
}

#: noun → event → (states it may happen in, state it leads to)
TRANSITIONS: Mapping[str, Table] = {
    "request": {"request.withdrawn": (frozenset({"submitted"}), "withdrawn")},
    "sample": {
        "sample.received": (frozenset({"expected", "missing"}), "received"),
        "sample.held": (frozenset({"expected", "missing"}), "on_hold"),
        "sample.put_on_hold": (frozenset({"received"}), "on_hold"),
        "sample.hold_lifted": (frozenset({"on_hold"}), "received"),
        "sample.missing": (frozenset({"expected"}), "missing"),
    },
    "run": {
        "run.submitted": (frozenset({"open"}), "submitted"),
        "run.returned": (frozenset({"submitted"}), "open"),
        "run.reviewed": (frozenset({"submitted"}), "reviewed"),
        "run.reopened": (frozenset({"reviewed"}), "open"),
        "run.invalidated": (frozenset({"open", "submitted"}), "invalid"),
    },
    "test": {
        "test.started": (frozenset({"ordered"}), "running"),
        "test.measured": (frozenset({"running", "measured"}), "measured"),
        "test.remeasured": (frozenset({"measured"}), "running"),
        "test.submitted": (frozenset({"measured"}), "submitted"),
        "test.returned": (frozenset({"submitted"}), "measured"),
        "test.reviewed": (frozenset({"submitted"}), "reviewed"),
        "test.reopened": (frozenset({"reviewed", "approved"}), "measured"),
        "test.approved": (frozenset({"reviewed"}), "approved"),
        "test.invalidated": (frozenset({"running", "measured", "submitted"}), "invalid"),
        "test.cancelled": (frozenset({"ordered"}), "cancelled"),
    },
    "file": {
        "file.released": (frozenset({"quarantined"}), "ready"),
        "file.set_apart": (frozenset({"ready"}), "quarantined"),
        "file.withdrawn": (frozenset({"ready", "quarantined", "unreadable"}), "withdrawn"),
    },
    "analysis": {
        "analysis.started": (frozenset({"queued", "running"}), "running"),
        "analysis.finished": (frozenset({"queued", "running"}), "done"),
        "analysis.failed": (frozenset({"queued", "running"}), "failed"),
        "analysis.superseded": (frozenset({"queued", "running"}), "superseded"),
        "analysis.repeated": (frozenset({"failed", "superseded"}), "queued"),
    },
    "certificate": {
        "certificate.issued": (frozenset({"approved"}), "issued"),
        "certificate.superseded": (frozenset({"issued"}), "superseded"),
        "certificate.withdrawn": (frozenset({"issued"}), "withdrawn"),
    },
}


def move[M: models.Model](row: M, event: str, **fields: Any) -> M:
    """Move a noun by an event of its table, changing further fields along with the state.

    Raises:
        NotPossibleNow: the event is not allowed in the state that the row, freshly locked, is in.
    """
    noun = "file" if row._meta.model_name == "runfile" else str(row._meta.model_name)
    return move_by(TRANSITIONS[noun], noun, row, event, **fields)


__all__ = [
    "TRANSITIONS", "AnalysisState", "CertificateState", "FileState", "NotPossibleNow", "RequestState", "RunState",
    "SampleState", "TestState", "move",
]  # fmt: skip
