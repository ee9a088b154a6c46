"""How far a request is: what a client may know while results are not approved, counted, never the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from atmpxb.quality.models import Cause, Certificate, Decline, Order, Request, Run
from atmpxb.quality.queries.documents import line_of
from atmpxb.quality.states import CertificateState, RequestState, TestState
from atmpxb.records.documents.models import DocumentVersion

#: A certificate that stands, or is about to.
STANDING = (CertificateState.APPROVED, CertificateState.ISSUED)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a request, as the stepper shows it."""

    title: str
    state: str  # done | current | waiting | failed
    note: str = ""
    doing: str = ""  # what happens while this stage is the present one


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests and samples of an order. A retest takes the place of the test that was invalid."""

    tests_done: int
    tests: int
    impossible: int
    samples_in: int
    samples: int
    invalidated: int = 0

    @classmethod
    def of(cls, progress: Mapping[str, Any]) -> "Counts":
        """Read the projection that ``actions.progress`` keeps.

        >>> Counts.of({"tests": {"reviewed": 2, "running": 1, "invalid": 1}, "samples": {"received": 1}})
        Counts(tests_done=2, tests=3, impossible=0, samples_in=1, samples=1, invalidated=1)
        """
        tests, samples = progress.get("tests", {}), progress.get("samples", {})
        impossible = tests.get("cancelled", 0)
        return cls(
            tests.get("reviewed", 0) + tests.get("approved", 0),
            sum(tests.values()) - tests.get("invalid", 0) - impossible,
            impossible,
            samples.get("received", 0) + samples.get("on_hold", 0),
            sum(samples.values()),
            tests.get("invalid", 0),
        )

    @property
    def complete(self) -> bool:
        """Whether every test that can be done is reviewed."""
        return 0 < self.tests == self.tests_done


@dataclass(frozen=True, slots=True)
class Invalidated:
    """A test that was declared invalid: when, why, and what repeats it. Its result stands on the certificate."""

    title: dict[str, str]
    sample: str
    at: datetime
    cause: str
    reason: str
    run: str
    run_id: UUID | None  # for who may look at it
    again: str
    again_run: str
    again_run_id: UUID | None


def invalidated(order: Order, specification: DocumentVersion) -> tuple[Invalidated, ...]:
    """The tests of an order that were declared invalid, in that order."""
    told = order.progress.get("invalid", [])
    numbers = {number for one in told for number in (one["run"], one["again_run"])}
    # Whom row-level security shows no run gets its number only.
    runs = {run.number: run.pk for run in Run.objects.filter(organisation_id=order.organisation_id, number__in=numbers)}
    return tuple(
        Invalidated(
            title=dict(line_of(specification, one["line"]).title),
            sample=one["sample"],
            at=datetime.fromisoformat(one["at"]),
            cause=str(Cause(one["cause"]).label),
            reason=one["reason"],
            run=one["run"],
            run_id=runs.get(one["run"]),
            again=str(TestState(one["again"]).label) if one["again"] else "",
            again_run=one["again_run"],
            again_run_id=runs.get(one["again_run"]),
        )
        for one in told
    )


def order_of(request: Request) -> Order | None:
    """The order that answers a request, where the laboratory has accepted it."""
    return getattr(request, "order", None)


def decline_of(request: Request) -> Decline | None:
    """The laboratory's no to a request, where it said so."""
    return getattr(request, "decline", None)


def steps(request: Request, certificate: Certificate | None) -> tuple[Step, ...]:
    """Submitted → accepted → samples received → tests → certificate."""
    order = order_of(request)
    if request.state == RequestState.WITHDRAWN:
        return (Step(_("Submitted"), "done"), Step(_("Withdrawn"), "failed", doing=_("Withdrawn")))
    if decline_of(request):
        return (Step(_("Submitted"), "done"), Step(_("Declined"), "failed", doing=_("Declined")))
    counts = Counts.of(order.progress if order else {})
    final = certificate is not None and certificate.kind == Certificate.Kind.FINAL
    issued = final and certificate is not None and certificate.state == CertificateState.ISSUED
    reached = [
        True,
        order is not None,
        0 < counts.samples == counts.samples_in,
        counts.complete,
        issued,
    ]
    notes = [
        "",
        order.number if order else "",
        _share(counts.samples_in, counts.samples) if order else "",
        _share(counts.tests_done, counts.tests) if order else "",
        _certificate_note(certificate),
    ]
    titles = [_("Submitted"), _("Accepted"), _("Samples received"), _("Tests reviewed"), _("Certificate")]
    doing = [
        "",
        _("Waits for acceptance"),
        _("Waits for samples"),
        _("Being tested"),
        _("Waits for approval"),
    ]
    if certificate is not None and certificate.state == CertificateState.APPROVED:
        doing[4] = _("being issued")
    first_open = next((n for n, done in enumerate(reached) if not done), len(reached))
    return tuple(
        Step(title, "done" if reached[n] else "current" if n == first_open else "waiting", notes[n], doing[n])
        for n, title in enumerate(titles)
    )


def _share(done: int, whole: int) -> str:
    return _("%(done)d of %(all)d") % {"done": done, "all": whole}


def _certificate_note(certificate: Certificate | None) -> str:
    if certificate is None:
        return ""
    if certificate.state == CertificateState.APPROVED:
        return _("being issued")
    if certificate.kind == Certificate.Kind.INTERIM:
        return _("interim report %(number)s") % {"number": certificate}
    return str(certificate)
