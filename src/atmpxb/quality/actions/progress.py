"""What the client sees of an order while its results are not approved: computed, never set."""

from collections import Counter
from typing import Any

from atmpxb.quality.models import Order, Sample, Test
from atmpxb.quality.states import SampleState, TestState
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.writing import change
from atmpxb.records.signatures.models import Meaning, Signature


def refresh(order: Order) -> None:
    """Inside an action: compute what the client sees of an order from its samples and tests."""
    tests = Counter(Test.objects.filter(order=order).values_list("state", flat=True))
    samples = Counter(Sample.objects.filter(order=order).values_list("state", flat=True))
    progress: dict[str, Any] = {
        "tests": {state: tests[state] for state in TestState.values if tests[state]},
        "samples": {state: samples[state] for state in SampleState.values if samples[state]},
    }
    if invalid := _invalid(order):
        progress["invalid"] = invalid
    if order.progress != progress:
        change(order, progress=progress)


def _invalid(order: Order) -> list[dict[str, str]]:
    """The tests that were declared invalid, with what decision 0015 lets the client know, and what repeats them.

    The results that they had are left out: they stand on the certificate, and no result is shown before its approval.
    """
    found = list(
        Test.objects.filter(order=order, state=TestState.INVALID, run__isnull=False)
        .select_related("run", "sample", "retest__run")
        .order_by("position", "id")
    )
    signed = Signature.objects.filter(
        organisation_id=order.organisation_id, meaning=Meaning.INVALIDATED, subject_id__in=[one.run_id for one in found]
    )
    at = {one.subject_id: one.signed_at for one in signed}
    told = []
    for test in found:
        assert test.run is not None
        again: Test | None = getattr(test, "retest", None)
        told.append({
            "line": test.line, "sample": test.sample.label, "run": test.run.number, "at": utc_text(at[test.run.pk]),
            "cause": test.run.invalid_cause, "reason": test.run.invalid_reason,
            "again": again.state if again else "", "again_run": again.run.number if again and again.run else "",
        })  # fmt: skip
    return sorted(told, key=lambda one: one["at"])
