"""What a client sees of a result that was declared invalid: that it was, when and why, and what repeats it."""

import re
from typing import Any

from atmpxb.quality.actions import reviews, runs
from atmpxb.quality.models import Cause, Order, Result, Run
from atmpxb.records.signatures.actions import digest_of
from quality.pages.conftest import SignIn
from quality.pages.test_bench import shown


def rows(page: str) -> list[str]:
    table = re.search(r'<table id="invalidated".*?</table>', page, re.DOTALL)
    return re.findall(r"<tr>.*?</tr>", table[0], re.DOTALL)[1:] if table else []


def test_the_client_sees_what_was_invalidated_and_its_repeat_but_no_result(scene: Any, sign_in: SignIn) -> None:
    story = scene("submitted")
    who, run, request = story.who, story.run("cell_count"), story.request
    client, reviewer = sign_in("client", "anicells"), sign_in("reviewer", "sure")
    address = f"/o/anicells/requests/{request.pk}"
    assert not rows(shown(client, address))
    with story.as_(who.reviewer):
        seen = digest_of(reviews.content(Run.objects.select_related("method__document").get(pk=run.pk)))
        had = [one.reported for one in Result.objects.filter(test__run=run, current=True)]
    repeats = reviews.invalidate_run(
        actor=who.reviewer, run=run, cause=Cause.INSTRUMENT, reason="The counter was not primed.",
        proof=who.proof(who.reviewer), seen=seen,
    )  # fmt: skip
    page = shown(client, address)
    told = rows(page)
    assert len(told) == len(repeats) == 2
    assert "Viable cell concentration" in told[0]
    assert "The counter was not primed." in told[0]
    assert "Instrument failed or not ready" in told[0]
    assert re.search(r"<time[^>]*>\d+ \w+ 20\d\d", told[0]), "when"
    assert run.number in told[0]
    assert "Waiting" in told[0], "how far the repeat is"
    assert had
    assert not any(value in page for value in had if len(value) > 2), "results show on the certificate only"
    assert f"/runs/{run.pk}" not in page, "the run itself is the laboratory's"
    tests = story.tests(pk__in=[test.pk for test in repeats])
    again = runs.open_run(actor=who.analyst, tests=tests)
    told = rows(shown(client, address))
    assert again.number in told[0]
    assert "Waiting" not in told[0]
    page = shown(reviewer, f"/o/sure/requests/{request.pk}")
    assert f"/o/sure/runs/{run.pk}" in page, "who may look at the runs is led there"
    assert f"/o/sure/runs/{again.pk}" in page
    dutch = rows(shown(sign_in("client", "anicells", "nl"), address))
    assert "Toestel" in dutch[0]
    with story.as_(who.client):
        progress = Order.objects.get().progress
    assert {one["run"] for one in progress["invalid"]} == {run.number}
    assert story.breaks(who.analyst) == []
