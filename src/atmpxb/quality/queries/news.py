"""What happened since a page was shown: counted in the ledger, so that no list has to be read again to know."""

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from atmpxb.quality.models import Run
from atmpxb.records.ledger.canonical import digest
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.people.actor import Actor

_REQUESTS = ("request.arrived", "request.submitted", "request.withdrawn", "request.accepted")
_SAMPLES = ("sample.received", "sample.held", "sample.hold_lifted", "sample.missing", "sample.put_on_hold")
_RUNS = ("run.opened", "run.submitted", "run.returned", "run.reviewed", "run.invalidated")
_ANALYSES = ("analysis.finished", "analysis.failed")
_CERTIFICATES = ("certificate.approved", "certificate.issued", "certificate.superseded", "certificate.withdrawn")

#: Which events bring a row into a list or change one of it.
LISTS: dict[str, tuple[str, ...]] = {
    "today": (*_REQUESTS, *_SAMPLES, *_RUNS, *_ANALYSES, "order.accepted"),
    "receive": (*_SAMPLES, "order.accepted"),
    "runs": (*_RUNS, *_ANALYSES),
    "samples": (*_SAMPLES, "order.accepted"),
    "reviews": (*_RUNS, *_SAMPLES),
    "board": (*_REQUESTS, *_CERTIFICATES, "order.accepted", "run.reviewed", "batch.registered"),
    "releases": (*_CERTIFICATES, "order.accepted", "run.reviewed"),
    "requests": (*_REQUESTS, *_CERTIFICATES),
    "batches": (*_REQUESTS, *_CERTIFICATES, "batch.registered"),
    "certificates": _CERTIFICATES,
}


def head(actor: Actor) -> int:
    """The number of the latest entry of the actor's organisation; 0 before the first."""
    chain = LedgerEntry.objects.filter(organisation_id=actor.organisation_id)
    return int(chain.aggregate(last=Max("seq"))["last"] or 0)


def since(actor: Actor, seq: int, name: str) -> int:
    """How many records of a list are new or changed after an entry. Raises KeyError for a list that is none."""
    chain = LedgerEntry.objects.filter(organisation_id=actor.organisation_id, seq__gt=seq, event__in=LISTS[name])
    return int(chain.aggregate(records=Count("subject", distinct=True))["records"])


def news_words(count: int) -> str:
    """The banner above a list."""
    return _("%(count)d new or changed") % {"count": count} if count > 1 else _("One new or changed")


def standing(run: Run) -> str:
    """What a run holds, as a digest: it changes with every file, entry, check, analysis and state."""
    found = Run.objects.filter(pk=run.pk).aggregate(
        held=Count("files", distinct=True),
        usable=Count("files", filter=Q(files__state="ready"), distinct=True),
        assigned=Count("files", filter=~Q(files__role=""), distinct=True),
        gone=Count("files", filter=Q(files__state="withdrawn"), distinct=True),
        written=Count("entries", distinct=True),
        checked=Max("entries__checked_at"),
        asked=Max("analyses__asked_at"),
        finished=Max("analyses__finished_at"),
    )
    return digest({"state": run.state, **{name: str(value) for name, value in found.items()}})[:16]
