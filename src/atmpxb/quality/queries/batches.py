"""Batches as their owner follows them, and the board that shows what expires first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from atmpxb.quality.models import Batch, Certificate, Request
from atmpxb.quality.queries.progress import STANDING, Counts, Step, decline_of, order_of, steps
from atmpxb.quality.states import CertificateState, RequestState
from atmpxb.records.people.actor import Actor

PAGE = 40
#: An expired batch leaves the board after a day: until then somebody still asks what became of it.
LINGERS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request of a batch with what stands of its work."""

    request: Request
    steps: tuple[Step, ...]
    counts: Counts
    certificate: Certificate | None

    @property
    def accepted(self) -> bool:
        """Whether a laboratory works on it, or has done so."""
        return order_of(self.request) is not None

    @property
    def stage(self) -> str:
        """What happens with it now, in a word or two."""
        now = next((step for step in self.steps if step.state in ("current", "failed")), None)
        return now.doing if now else _("Certified")


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch in a list or on the board."""

    batch: Batch
    requests: tuple[RequestLine, ...]
    own: bool

    @property
    def latest(self) -> RequestLine | None:
        """The request that is followed: the newest that is neither withdrawn nor declined."""
        followed = (
            line for line in self.requests
            if line.request.state != RequestState.WITHDRAWN and not decline_of(line.request)
        )  # fmt: skip
        return next(followed, None)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One batch with its requests and every certificate that was issued for it."""

    line: BatchLine
    certificates: tuple[Certificate, ...]


def batches(actor: Actor, number: int) -> Page[BatchLine]:
    """The batches of the actor's organisation, newest first."""
    found = (
        Batch.objects.filter(organisation_id=actor.organisation_id)
        .select_related("product", "organisation")
        .prefetch_related(_requests())
        .order_by("-manufactured_at", "number")
    )
    page = Paginator(found, PAGE).get_page(number)
    page.object_list = _lines(actor, list(page.object_list))  # type: ignore[assignment]
    return page  # type: ignore[return-value]


def batch(actor: Actor, batch_id: UUID) -> BatchPage:
    """One batch, the actor's own or one that is shared for testing.

    Raises:
        Batch.DoesNotExist: there is none that the actor may see.
    """
    found = Batch.objects.select_related("product", "organisation").prefetch_related(_requests()).get(pk=batch_id)
    certificates = tuple(_certificates([found]).order_by("-approved_at"))
    return BatchPage(_lines(actor, [found])[0], certificates)


def board(actor: Actor, now: datetime) -> tuple[BatchLine, ...]:
    """Batches that are still alive, own and shared, by the time they expire; certified ones leave."""
    found = list(
        Batch.objects.filter(expires_at__gt=now - LINGERS)
        .select_related("product", "organisation")
        .prefetch_related(_requests())
        .order_by("expires_at")[:200]
    )
    return tuple(line for line in _lines(actor, found) if not _certified(line))


def _certified(line: BatchLine) -> bool:
    latest = line.latest
    return bool(
        latest
        and latest.certificate
        and latest.certificate.kind == Certificate.Kind.FINAL
        and latest.certificate.state == CertificateState.ISSUED
    )


def _requests() -> "Prefetch[str, QuerySet[Request], str]":
    return Prefetch(
        "requests",
        Request.objects.select_related("laboratory", "specification__document", "order", "decline").order_by(
            "-submitted_at"
        ),
    )


def _certificates(found: Iterable[Batch]) -> QuerySet[Certificate]:
    return (
        Certificate.objects.filter(order__request__batch__in=[one.pk for one in found])
        .select_related("order", "organisation")
        .defer("record")
    )


def _lines(actor: Actor, found: list[Batch]) -> list[BatchLine]:
    standing: dict[UUID, Certificate] = {}
    for certificate in _certificates(found).filter(state__in=STANDING).order_by("version"):
        standing[certificate.order.request_id] = certificate
    return [
        BatchLine(
            one,
            tuple(request_line(request, standing.get(request.pk)) for request in one.requests.all()),
            one.organisation_id == actor.organisation_id,
        )
        for one in found
    ]


def request_line(request: Request, certificate: Certificate | None) -> RequestLine:
    """A request with its stages."""
    order = order_of(request)
    return RequestLine(request, steps(request, certificate), Counts.of(order.progress if order else {}), certificate)
