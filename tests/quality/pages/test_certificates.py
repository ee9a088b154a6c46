"""From review to a certificate that anybody can check: what each person sees, and what is refused."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from atmpxb.platform import voices
from atmpxb.platform.demo import story
from atmpxb.quality.models import Certificate, Order, Run, Sample
from atmpxb.quality.proof.verify import verify as verify_with
from atmpxb.records.ledger.chain import Link, breaks
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Access
from atmpxb.records.signatures import trust
from quality.pages.test_bench import seen_on

HTMX = {"HX-Request": "true"}
LABELS = {"flow": "CART-0001.A", "dna": "CART-0001.B"}

verify = partial(verify_with, voices=voices.voice)


def read(actor: Actor, question: Callable[[], Any]) -> Any:
    with acting_for(actor.organisation_id, actor.person_id):
        return question()


@pytest.fixture
def measured(cast: story.Cast, opened: dict[str, Run], work: Callable[[], None]) -> dict[str, Run]:
    """All runs have their files, entries and results, and are submitted."""
    story.attach_all(cast, opened, LABELS, seed=1, events=5_000)
    story.write_bench(cast, opened)
    work()
    for run in opened.values():
        story.submit(cast, run)
    return opened


def test_a_reviewer_judges_exceptions_and_signs(cast: story.Cast, measured: dict[str, Run], sign_in: Any) -> None:
    browser: Client = sign_in("reviewer", "sure")
    queue = browser.get("/o/sure/reviews").content.decode()
    assert all(run.number in queue for run in measured.values())
    address = f"/o/sure/reviews/{measured['qpcr'].pk}"
    page = browser.get(address)
    found = page.context["shown"]
    assert "CART-0001.B" in page.content.decode()

    if found.open:
        early = browser.post(f"{address}/sign", {"password": cast.password, "seen": page.context["seen"]}, headers=HTMX)
        assert early.status_code == 422
        assert "Say what this means" in early.content.decode()
    for one in found.exceptions:
        browser.post(f"{address}/dispose", {"exception": one.key, "text": "No influence"}, headers=HTMX)
    wrong = browser.post(f"{address}/sign", {"password": "not it", "seen": page.context["seen"]}, headers=HTMX)
    assert wrong.status_code == 422
    assert "attempts left: 4" in wrong.content.decode()
    old = {"password": cast.password, "seen": page.context["seen"], "saw": page.context["saw"]}
    stale = browser.post(f"{address}/sign", old, headers=HTMX)
    assert stale.status_code == 412, "what was not seen is not signed"
    said = stale.content.decode()
    assert "What changed since you opened this page" in said
    assert "No influence" in said, "the answers are what came meanwhile"
    assert "Vector copy number" not in said, "what is the same is not listed"
    assert "Load the page again" in said
    seen = browser.get(address).context["seen"]
    signed = browser.post(f"{address}/sign", {"password": cast.password, "seen": seen}, headers=HTMX)
    assert "/reviews" in signed.headers["HX-Redirect"]
    assert read(cast.reviewer, lambda: Run.objects.get(pk=measured["qpcr"].pk).state) == "reviewed"

    back = f"/o/sure/reviews/{measured['flow'].pk}"
    browser.post(f"{back}/return", {"reason": "One tube is missing"})
    assert read(cast.reviewer, lambda: Run.objects.get(pk=measured["flow"].pk).state) == "open"
    wrong_run = f"/o/sure/reviews/{measured['cell_count'].pk}"
    cause = {"cause": "preparation", "reason": "Wrong dilution", "seen": browser.get(wrong_run).context["seen"]}
    unsigned = browser.post(f"{wrong_run}/invalidate", cause, headers=HTMX)
    assert unsigned.status_code == 422, "a failing result does not go away without a signature"
    browser.post(f"{wrong_run}/invalidate", {**cause, "password": cast.password}, headers=HTMX)
    assert read(cast.reviewer, lambda: Run.objects.get(pk=measured["cell_count"].pk).state) == "invalid"

    analyst: Client = sign_in("analyst", "sure")
    assert analyst.get(address).status_code == 403
    assert analyst.post(f"{back}/return", {"reason": "Mine"}, headers=HTMX).status_code == 403


def test_a_hold_is_lifted_with_a_reason(cast: story.Cast, request_made: Any, sign_in: Any) -> None:
    order = story.accept_and_receive(cast, request_made, LABELS)
    from decimal import Decimal

    from atmpxb.quality.actions import orders

    another = story.request_batch(cast, "CART-0002", "P-2")
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        another = type(another).objects.select_related("specification", "batch").get(pk=another.pk)
    second = orders.accept_request(actor=cast.analyst, request=another)
    sample = read(cast.analyst, lambda: Sample.objects.select_related("order__request__specification").filter(order=second).first())  # fmt: skip
    orders.receive_sample(actor=cast.analyst, sample=sample, label="CART-0002.A", volume_ul=Decimal(5), temperature_c=Decimal(4))  # fmt: skip
    assert order.pk != second.pk
    browser: Client = sign_in("reviewer", "sure")
    assert "5 µL received" in browser.get("/o/sure/reviews").content.decode()
    browser.post(f"/o/sure/samples/{sample.pk}/lift-hold", {"reason": "Enough for the tests left"})
    assert "CART-0002.A" not in browser.get("/o/sure/reviews").content.decode()


def test_a_certificate_is_approved_read_checked_and_replaced(
    cast: story.Cast, measured: dict[str, Run], order: Order, sign_in: Any, work: Callable[[], None]
) -> None:
    for run in measured.values():
        story.review(cast, run)
    head: Client = sign_in("qp", "sure")
    assert "Ready" in head.get("/o/sure/releases").content.decode()
    assert "CART-0001" in head.get("/o/sure/board").content.decode()
    address = f"/o/sure/releases/{order.pk}"
    page = head.get(address)
    assert "Draft of the certificate" in page.content.decode()
    sign = {
        "kind": "final",
        "language": "nl",
        "reason": "",
        "password": cast.password,
        "seen": page.context["seen"],
    }
    assert head.post(f"{address}/approve", sign, headers=HTMX).status_code == 412, "another language was not seen"
    sign["seen"] = head.post(address, {"kind": "final", "language": "nl"}).context["seen"]
    approved = head.post(f"{address}/approve", sign, headers=HTMX).headers["HX-Redirect"].partition("?")[0]
    assert "being made" in head.get(approved).content.decode()
    assert "every 1s" in head.get(f"{approved}/progress").content.decode()
    work()
    assert head.get(f"{approved}/progress", headers=HTMX).headers["HX-Redirect"] == approved

    client: Client = sign_in("client", "anicells")
    theirs = approved.replace("/o/sure/", "/o/anicells/")
    shown = client.get(theirs).content.decode()
    assert "complies with the specification" in shown
    pdf = b"".join(client.get(f"{theirs}/certificate.pdf").streaming_content)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(client.get(f"{theirs}/raw.zip").streaming_content)))
    record = json.loads(client.get(f"{theirs}/record.json").content)
    promised = {file["sha256"] for analysis in record["analyses"] for file in analysis["files"]}
    assert {sha256(archive.read(name)).hexdigest() for name in archive.namelist()} == promised
    first = b"".join(client.get(f"{theirs}/pages/1.png").streaming_content)
    assert Image.open(io.BytesIO(first)).size[0] > 800
    assert client.get(f"{theirs}/pages/99.png").status_code == 404
    looked = read(cast.head, lambda: Access.objects.filter(person_id=cast.client.person_id).count())
    assert looked == 5 + len(promised), (
        "the page, each of the three downloads, the picture, and each raw file are logged"
    )
    assert client.get(f"{theirs}/progress", headers=HTMX).status_code == 200
    subjects = read(
        cast.head, lambda: set(Access.objects.filter(person_id=cast.client.person_id).values_list("subject", flat=True))
    )
    assert {f"raw file {digest}" for digest in promised} < subjects
    assert read(cast.head, lambda: Access.objects.filter(person_id=cast.client.person_id).count()) == looked + 1
    assert sign_in("administrator", "sure").get(approved).status_code == 403
    assert "Certified" in client.get("/o/anicells/batches").content.decode()

    anybody = Client(headers={"accept-language": "en"})
    trusted = anybody.get("/trust.json").content
    assert trust.parse(trusted).organisations
    assert verify(pdf, None, trusted).holds
    first_version = read(cast.head, lambda: Certificate.objects.get())
    public = f"/verify/{first_version.token}"
    genuine = anybody.get(public).content.decode()
    assert "Genuine and current" in genuine
    assert "Interim" not in genuine
    assert sha256(pdf).hexdigest() in genuine
    assert "CART-0001" not in genuine, "nothing confidential is public"
    assert "anicells" not in genuine
    unknown = anybody.get("/verify/not-a-token")
    assert unknown.status_code == 404
    assert b"Not recognised" in unknown.content
    found = client.post("/o/anicells/find", {"q": first_version.number.lower()})
    assert found.headers["Location"] == theirs, "an exact hit is opened at once"

    silent = {"kind": "final", "language": "en"}
    page = head.post(address, silent)
    again = {**silent, "reason": "", "password": cast.password, "seen": page.context["seen"]}
    refused = head.post(f"{address}/approve", again, headers=HTMX)
    assert refused.status_code == 422
    assert b"Say why" in refused.content
    page = head.post(address, {**silent, "reason": "Batch number misspelt"})
    again = {**again, "reason": "Batch number misspelt", "seen": page.context["seen"]}
    head.post(f"{address}/approve", again, headers=HTMX)
    work()
    superseded = anybody.get(public).content.decode()
    assert "Superseded by" in superseded
    assert "Genuine and current" not in superseded
    assert "The version that holds now" in client.get(theirs).content.decode()


def test_the_ledger_shows_what_changed_and_leaves_as_a_chain_that_verifies(
    cast: story.Cast, order: Order, sign_in: Any
) -> None:
    browser: Client = sign_in("reviewer", "sure")
    page = browser.get("/o/sure/ledger", {"event": "sample.received"})
    assert [line.event for line in page.context["found"].lines] == ["sample.received"] * 3
    last = page.context["found"].lines[0]
    entry = browser.get(f"/o/sure/ledger/{last.seq}").content.decode()
    assert "<del>expected</del>" in entry
    assert "<ins>received</ins>" in entry
    assert browser.get("/o/sure/ledger", {"subject": "nonsense"}).status_code == 200
    assert browser.get("/o/sure/ledger/999999").status_code == 404
    lines = [
        json.loads(line) for line in b"".join(browser.get("/o/sure/ledger/export.jsonl").streaming_content).splitlines()
    ]
    entries = [line for line in lines if "payload" in line]
    chain = [
        Link(one["seq"], one["payload"].encode(), bytes.fromhex(one["prev"]), bytes.fromhex(one["hash"]))
        for one in entries
    ]
    assert lines[0]["organisation"] == str(cast.reviewer.organisation_id)
    assert len(chain) > 20
    assert list(breaks(cast.reviewer.organisation_id, chain)) == []
    assert sign_in("client", "anicells").get("/o/anicells/ledger").status_code == 403
    assert sign_in("administrator", "sure").get("/o/sure/ledger/checkpoints").status_code == 200


def test_a_certificate_is_withdrawn_at_its_page_and_everybody_finds_out(
    cast: story.Cast, measured: dict[str, Run], order: Order, sign_in: Any, work: Callable[[], None]
) -> None:
    for run in measured.values():
        story.review(cast, run)
    certificate = story.approve(cast, order)
    work()
    address = f"/o/sure/certificates/{certificate.pk}"
    head: Client = sign_in("qp", "sure")
    page = head.get(address)
    assert page.context["shown"].may_withdraw
    form = {"reason": "A label was exchanged", "password": cast.password, "seen": page.context["seen"]}
    assert head.post(f"{address}/withdraw", {**form, "reason": ""}, headers=HTMX).status_code == 422
    assert head.post(f"{address}/withdraw", {**form, "seen": "0" * 64}, headers=HTMX).status_code == 412
    denied = sign_in("reviewer", "sure").post(f"{address}/withdraw", form, headers=HTMX)
    assert denied.status_code in (403, 422)
    assert read(cast.head, lambda: Certificate.objects.get().state) == "issued"
    done = head.post(f"{address}/withdraw", form, headers=HTMX)
    assert done.headers["HX-Redirect"].startswith(address)
    assert "recorded=" in done.headers["HX-Redirect"]
    again = head.post(f"{address}/withdraw", form, headers=HTMX)
    assert again.status_code == 412, "what was seen is no longer so"
    shown = head.get(address)
    assert "A label was exchanged" in shown.content.decode()
    assert "Prepare a new version" in shown.content.decode()
    assert not shown.context["shown"].may_withdraw

    theirs = sign_in("client", "anicells").get(address.replace("/o/sure/", "/o/anicells/")).content.decode()
    assert "Withdrawn since" in theirs
    assert "A label was exchanged" in theirs
    public = Client(headers={"accept-language": "en"}).get(f"/verify/{certificate.token}").content.decode()
    assert "Do not use this certificate" in public
    assert "no longer holds since" in public
    assert "A label was exchanged" not in public
    dutch = Client(headers={"accept-language": "nl"}).get(f"/verify/{certificate.token}").content.decode()
    assert "Ingetrokken" in dutch
    assert f"releases/{order.pk}" in head.get("/o/sure/releases").content.decode(), "it waits for a correction"


def test_failed_work_is_shown_and_tried_again(
    cast: story.Cast, measured: dict[str, Run], order: Order, sign_in: Any, work: Callable[[], None]
) -> None:
    import psycopg
    from django.db import connections

    from atmpxb.quality.actions import failures

    for run in measured.values():
        story.review(cast, run)
    certificate = story.approve(cast, order)
    given = {
        "organisation": str(cast.head.organisation_id), "actor": str(cast.head.person_id),
        "certificate": str(certificate.pk),
    }  # fmt: skip
    failures.give_up("quality.issue_certificate", 4711, given, "OSError: no space left on device")
    settings = connections["default"].settings_dict
    with psycopg.connect(host=settings["HOST"], dbname=settings["NAME"], user="postgres") as admin:
        admin.execute("DELETE FROM procrastinate_jobs")
    head: Client = sign_in("qp", "sure")
    assert "could not be made" in head.get(f"/o/sure/certificates/{certificate.pk}").content.decode()
    page = head.get("/o/sure/failures").content.decode()
    assert "no space left on device" in page
    assert "Try again" in page
    (line,) = head.get("/o/sure/failures").context["failures"]
    reviewer: Client = sign_in("reviewer", "sure")
    assert "Can be tried again by: Qualified Person" in reviewer.get("/o/sure/failures").content.decode()
    repeat = f"/o/sure/failures/{line.id}/repeat"
    assert reviewer.post(repeat, headers=HTMX).status_code == 403
    assert sign_in("client", "anicells").get("/o/anicells/failures").status_code == 403
    assert head.post(repeat, headers=HTMX).headers["HX-Redirect"].startswith("/o/sure/failures")
    assert head.post(repeat, headers=HTMX).status_code == 422
    work()
    assert read(cast.head, lambda: Certificate.objects.get().state) == "issued"
    assert "Nothing has failed" in head.get("/o/sure/failures").content.decode()


def test_a_method_is_withdrawn_at_its_page(cast: story.Cast, sign_in: Any) -> None:
    from atmpxb.records.documents.models import DocumentVersion

    method = read(cast.analyst, lambda: DocumentVersion.objects.get(document__code="OB-001"))
    address = f"/o/sure/methods/{method.pk}"
    reviewer: Client = sign_in("reviewer", "sure")
    assert "Withdraw this version" in reviewer.get(address).content.decode()
    assert "Withdraw this version" not in sign_in("analyst", "sure").get(address).content.decode()
    target = f"/o/sure/documents/{method.pk}/withdraw"
    page = reviewer.get(address).content.decode()
    filled = {"reason": "The light box is broken", "seen": seen_on(page.partition('id="withdraw"')[2])}
    for unsigned in ({}, {"password": "not this one"}):
        refused = reviewer.post(target, {**filled, **unsigned, "place": "refusal-withdraw"}, headers=HTMX)
        assert refused.status_code == 422
        assert "refusal-withdraw" in refused.content.decode()
    reviewer.post(target, {**filled, "password": cast.password})
    page = reviewer.get(address).content.decode()
    assert "The light box is broken" in page
    assert "Withdrew the document: " in page
    assert "Withdraw this version" not in page
