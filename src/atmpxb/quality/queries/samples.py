"""The samples of a laboratory, and everything about one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from atmpxb.quality.models import Sample
from atmpxb.quality.queries.arrivals import Container, container_of
from atmpxb.quality.queries.documents import line_of
from atmpxb.quality.queries.history import Event, events_of
from atmpxb.quality.queries.ordering import ordered
from atmpxb.quality.states import SampleState, TestState
from atmpxb.records.people.actor import Actor


@dataclass(frozen=True, slots=True)
class Listed:
    """A sample in the list."""

    container: Container
    tests: int
    done: int


@dataclass(frozen=True, slots=True)
class SampleTest:
    """A test on the sample."""

    title: dict[str, str]
    method: str
    state: str
    due_at: datetime
    run: str
    run_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Everything about a sample."""

    container: Container
    use_by: datetime | None
    tests: tuple[SampleTest, ...]
    events: tuple[Event, ...]


def counts(actor: Actor) -> dict[str, int]:
    """How many samples stand in each state."""
    rows = Sample.objects.filter(organisation_id=actor.organisation_id).order_by()
    return dict(rows.values_list("state").annotate(number=Count("pk")))


#: By what the list can be sorted: key of the address → columns.
ORDERS: dict[str, tuple[str, ...]] = {
    "label": ("label", "aliquot"),
    "batch": ("order__request__batch__number", "label", "aliquot"),
    "received": ("received_at", "label", "aliquot"),
    "order": ("order__number", "-label", "-aliquot"),
    "state": ("state", "label", "aliquot"),
}


def samples(actor: Actor, state: str, first: int, count: int, sort: str = "-order") -> tuple[Listed, ...]:
    """A stretch of the list.

    Args:
        state: a state of a sample, or empty for all.
        sort: a key of ``ORDERS``, with ``-`` from the end.
    """
    rows = Sample.objects.filter(organisation_id=actor.organisation_id)
    if state:
        rows = rows.filter(state=state)
    finished = [TestState.REVIEWED, TestState.APPROVED, TestState.INVALID, TestState.CANCELLED]
    found = (
        rows.select_related("order__client", "order__request__batch")
        .annotate(number=Count("tests"), done=Count("tests", filter=Q(tests__state__in=finished)))
        .order_by(*ordered(ORDERS, sort))[first : first + count]
    )
    return tuple(Listed(container_of(row), row.number, row.done) for row in found)


def sample_page(actor: Actor, sample: UUID) -> SamplePage:
    """Everything about a sample. Raises Sample.DoesNotExist for another organisation's."""
    row = Sample.objects.select_related("order__client", "order__request__batch", "order__request__specification").get(
        pk=sample, organisation_id=actor.organisation_id
    )
    specification = row.order.request.specification
    tests = tuple(
        SampleTest(
            title=dict(line_of(specification, test.line).title),
            method=str(test.method),
            state=str(TestState(test.state).label),
            due_at=test.due_at,
            run=test.run.number if test.run else "",
            run_id=test.run_id,
            reason=test.invalid_reason,
        )
        for test in row.tests.select_related("method__document", "run").order_by("position", "id")
    )
    return SamplePage(container_of(row), row.use_by, tests, events_of(actor, [row.pk]))


def state_title(state: str) -> str:
    """A state in the reader's language."""
    return str(SampleState(state).label)
