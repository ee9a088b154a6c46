"""Whoever reads a run in order to sign or change it claims it first, so that nobody changes it in between."""

from atmpxb.quality.models import Order, Run, Sample
from atmpxb.quality.states import NotPossibleNow, RunState


def lock(run: Run) -> None:
    """Inside an action: lock a run until the end of the transaction, and read it afresh.

    What was read of it before, by this object too, may have been changed while waiting for the lock.
    """
    run.refresh_from_db(from_queryset=Run.objects.select_for_update())


def claim(run: Run, event: str, *allowed: RunState) -> None:
    """Inside an action: lock a run for an event.

    Raises:
        NotPossibleNow: the run is in none of the states that the event is allowed in.
    """
    lock(run)
    if run.state not in allowed:
        raise NotPossibleNow("run", event, run.state, frozenset(allowed))


def claim_open(run: Run) -> None:
    """Inside an action: lock a run whose worksheet or files are about to change.

    Raises:
        NotPossibleNow: the run is not open any more.
    """
    claim(run, "run.changed", RunState.OPEN)


def claim_order(order: Order) -> None:
    """Inside an action: lock every run and sample of an order, in the one order that can't deadlock."""
    runs = Run.objects.filter(pk__in=order.tests.values("run")).order_by("pk")
    samples = Sample.objects.filter(order=order).order_by("pk")
    for rows in (runs, samples):
        list(rows.select_for_update().values_list("pk", flat=True))
