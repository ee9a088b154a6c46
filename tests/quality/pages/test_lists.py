"""Lists and pages that stay open: kept as a person left them, exported whole, and told what others do."""

import re
from typing import Any

from django.test import Client

from atmpxb.platform.demo import story
from atmpxb.quality.models import Run
from quality.pages.test_bench import PASSWORD, post, seen_on, shown

HERE = "/o/sure"


def test_a_list_comes_back_as_a_person_left_it(cast: story.Cast, opened: dict[str, Run], sign_in: Any) -> None:
    analyst: Client = sign_in("analyst", "sure")
    numbers = sorted(run.number for run in opened.values())
    page = analyst.get(f"{HERE}/runs?state=open&sort=run").content.decode()
    assert sorted(numbers, key=page.index) == numbers, "by number, the first on top"
    assert 'aria-sort="ascending"' in page
    back = analyst.get(f"{HERE}/runs")
    assert back.status_code == 302
    assert back.headers["Location"] == f"{HERE}/runs?state=open&sort=run", "the address says what is shown"
    assert sign_in("analyst2", "sure").get(f"{HERE}/runs").status_code == 200, "a colleague looks as a colleague likes"
    assert analyst.get(f"{HERE}/runs?state=").status_code == 200
    assert analyst.get(f"{HERE}/runs").status_code == 200, "all of them, since all were asked for"


def test_a_list_leaves_as_a_table(cast: story.Cast, opened: dict[str, Run], sign_in: Any) -> None:
    analyst: Client = sign_in("analyst", "sure")
    for name, holds in (("runs", opened["flow"].number), ("samples", "CART-0001.A")):
        answer = analyst.get(f"{HERE}/{name}?format=csv")
        assert answer["Content-Type"].startswith("text/csv")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        assert holds in text
        assert len(text.splitlines()) > 2
    head: Client = sign_in("qp", "sure")
    ledger = b"".join(head.get(f"{HERE}/ledger?format=csv&event=run.opened").streaming_content)  # type: ignore[attr-defined]
    assert ledger.decode("utf-8-sig").count("run.opened") == len(opened)


def test_what_others_do_shows_without_a_reload(cast: story.Cast, opened: dict[str, Run], sign_in: Any) -> None:
    analyst, second, run = sign_in("analyst", "sure"), sign_in("analyst2", "sure"), opened["observation"]
    address = f"{HERE}/runs/{run.pk}"
    page = second.get(address)
    pulse = f"{address}/pulse?standing={page.context['standing']}"
    assert second.get(pulse).status_code == 204, "nothing has happened"
    label = page.context["run"].samples[0]
    post(analyst, f"{address}/entries", code="appearance", sample=label.pk, value="clumps")
    assert second.get(pulse).status_code == 200
    assert "Check and sign" in second.get(f"{address}/worksheet").content.decode()

    listed = second.get(f"{HERE}/runs").content.decode()
    since = listed.split("news/runs?since=")[1].split("&")[0]
    news = f"{HERE}/news/runs?since={since}&known=0"
    assert second.get(news).status_code == 204
    reviewer, flow = sign_in("reviewer", "sure"), f"{HERE}/reviews/{opened['flow'].pk}"
    post(
        reviewer, f"{flow}/invalidate", cause="preparation", reason="Wrong tube", password=cast.password,
        seen=reviewer.get(flow).context["seen"],
    )  # fmt: skip
    come = second.get(news).content.decode()
    assert "One new or changed" in come, "a line to press; no row has moved"
    assert second.get(f"{HERE}/news/nothing?since=1").status_code == 404


def test_a_correction_under_the_second_persons_hand_is_shown(
    cast: story.Cast, opened: dict[str, Run], sign_in: Any
) -> None:
    analyst, second, run = sign_in("analyst", "sure"), sign_in("analyst2", "sure"), opened["observation"]
    address = f"{HERE}/runs/{run.pk}"
    sample = second.get(address).context["run"].samples[0].pk
    post(analyst, f"{address}/entries", code="appearance", sample=sample, value="clumps")
    link = shown(second, address).split(f'href="{address}/entries/')[1].split('"')[0]
    page = second.get(f"{address}/entries/{link}")
    what = {"code": "appearance", "sample": sample, "value": "opaque_free", "reason": "Wrong line"}
    post(analyst, f"{address}/entries", **what)
    status, said = post(
        second, f"{address}/entries/{link}/check", password=PASSWORD, seen=seen_on(page.content.decode()),
        saw=page.context["saw"],
    )  # fmt: skip
    assert status == 412
    assert "<del>Clumps that do not disperse" in said
    assert "<ins>Turbid suspension" in said
    forged = post(second, f"{address}/entries/{link}/check", password=PASSWORD, seen="0" * 64, saw="made:up")[1]
    assert "What changed" not in forged, "only what a page has shown is compared"


def test_what_somebody_searches_for_stands_in_no_address(cast: story.Cast, order: Any, sign_in: Any) -> None:
    """Somebody may type a patient's name into the field; browsers, proxies and logs keep addresses."""
    analyst: Client = sign_in("analyst", "sure")
    addresses = []
    for words in ("CART-0001.", "Jan Janssens"):
        sent = analyst.post(f"{HERE}/find", {"q": words})
        assert sent.status_code == 302
        addresses.append(sent.headers["Location"])
        assert not set(words.replace(".", " ").replace("-", " ").split()) & set(re.split(r"\W+", addresses[-1]))
    assert "CART-0001.B" in analyst.get(addresses[0]).content.decode(), "the button Back shows the list again"
    nothing = analyst.get(addresses[1]).content.decode()
    assert "Jan Janssens" in nothing
    assert "CART-0001.B" not in nothing
    assert analyst.post(f"{HERE}/find", {"q": "CART-0001."}).headers["Location"] == addresses[0]
    scanned = analyst.post(f"{HERE}/find", {"q": "cart-0001.a"}).headers["Location"]
    assert scanned.startswith(f"{HERE}/samples/"), "a label opens what carries it at once"
    assert "Jan Janssens" not in sign_in("analyst2", "sure").get(addresses[1]).content.decode()
    assert "CART-0001.B" not in analyst.get(f"{HERE}/find?q=CART-0001.").content.decode()
    field = analyst.get(f"{HERE}/samples").content.decode().partition('role="search"')[2].partition("</form>")[0]
    assert 'method="post"' in field
    assert "csrfmiddlewaretoken" in field
