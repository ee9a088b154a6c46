"""What a client does: register a batch, ask a laboratory, follow it, take the request back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from atmpxb.platform.demo import story
from atmpxb.quality.models import Batch, Request
from atmpxb.quality.pages.office.forms import moment
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Access, Organisation

HTMX = {"HX-Request": "true"}


def read(actor: Actor, question: Any) -> Any:
    with acting_for(actor.organisation_id, actor.person_id):
        return question()


def wall(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def test_a_client_registers_a_batch_asks_for_its_testing_and_takes_it_back(cast: story.Cast, sign_in: Any) -> None:
    browser: Client = sign_in("client", "anicells")
    now = timezone.now()
    page = browser.get("/o/anicells/batches/new")
    assert b"Illustrative CAR-T" in page.content
    product = page.context["products"][0].pk
    form = {
        "product": product, "number": "CART-7", "pseudonym": "P-7", "zone": "UTC",
        "manufactured_at": wall(now - timedelta(hours=2)), "expires_at": wall(now + timedelta(hours=48)),
    }  # fmt: skip
    backwards = browser.post(
        "/o/anicells/batches/register", {**form, "expires_at": wall(now - timedelta(hours=3))}, headers=HTMX
    )
    assert backwards.status_code == 422
    assert b"Check both times" in backwards.content

    registered = browser.post("/o/anicells/batches/register", form, headers=HTMX)
    address = registered.headers["HX-Redirect"]
    assert b"Recorded" in browser.get(address).content, "only recorded is done: the receipt shows"
    batch = read(cast.client, lambda: Batch.objects.get(number="CART-7"))
    laboratory = read(cast.client, lambda: Organisation.objects.get(code="sure"))
    specification = read(cast.client, lambda: DocumentVersion.objects.get(document__code="SP-CART-01"))
    wish = {
        "batch": batch.pk, "laboratory": laboratory.pk, "specification": specification.pk, "note": "Keep at 20 °C",
        "needed_by": wall(now + timedelta(hours=24)),
    }  # fmt: skip
    shown = browser.post("/o/anicells/requests/new", wish).content.decode()
    assert "Keep at 20 °C" in shown
    unasked = browser.get("/o/anicells/requests/new", wish).content.decode()
    assert "Keep at 20 °C" not in unasked, "what people type never travels in an address"
    assert "Sure Laboratories will be able to read" in shown
    assert "P-7" in shown
    assert not read(cast.client, lambda: Request.objects.exists()), "looking at what is shared sends nothing"

    late = browser.post(
        "/o/anicells/requests/submit", {**wish, "needed_by": wall(now + timedelta(hours=90))}, headers=HTMX
    )
    assert late.status_code == 422
    sent = browser.post("/o/anicells/requests/submit", wish, headers=HTMX)
    page = browser.get(sent.headers["HX-Redirect"])
    assert b"Q-" in page.content
    request = read(cast.client, lambda: Request.objects.get())
    silent = browser.post(f"/o/anicells/requests/{request.pk}/withdraw", {"reason": ""}, headers=HTMX)
    assert silent.status_code == 422
    browser.post(f"/o/anicells/requests/{request.pk}/withdraw", {"reason": "Batch failed in process"})
    assert b"Withdrawn" in browser.get("/o/anicells/requests").content


def test_the_laboratory_reads_the_request_and_that_is_logged(
    cast: story.Cast, request_made: Request, sign_in: Any
) -> None:
    address = f"/o/sure/requests/{request_made.pk}"
    page = sign_in("analyst", "sure").get(address)
    assert b"CART-0001" in page.content
    assert b"Withdraw this request" not in page.content
    lines = read(cast.client, lambda: list(Access.objects.values_list("subject", "person_id")))
    assert (f"quality_request {request_made.pk}", cast.analyst.person_id) in lines


def test_nobody_else_sees_it(cast: story.Cast, request_made: Request, sign_in: Any) -> None:
    client: Client = sign_in("client", "anicells")
    assert client.get(f"/o/sure/requests/{request_made.pk}").status_code == 404, "no role at that laboratory"
    other: Client = sign_in("administrator", "biovia")
    assert other.get(f"/o/biovia/requests/{request_made.pk}").status_code == 403
    assert sign_in("analyst", "sure").get("/o/sure/products").status_code == 403
    analyst: Client = sign_in("analyst", "sure")
    refused = analyst.post("/o/sure/products/register", {
        "code": "X", "name": "X", "dosage_form": "X", "origin": "autologous", "manufacturer": "X"}, headers=HTMX)  # fmt: skip
    assert refused.status_code == 403
    assert b"Client, Qualified Person" in refused.content, "the refusal says who could"


def test_progress_is_all_that_a_client_sees_before_approval(cast: story.Cast, order: Any, sign_in: Any) -> None:
    browser: Client = sign_in("client", "anicells")
    listed = browser.get("/o/anicells/batches").content.decode()
    assert "Being tested" in listed
    assert "0 of 10" in listed
    page = browser.get(f"/o/anicells/batches/{order.request.batch_id}").content.decode()
    assert "3 of 3" in page
    assert "Complies" not in page
    in_dutch = sign_in("client", "anicells", "nl").get("/o/anicells/batches").content.decode()
    assert "Wordt getest" in in_dutch
    assert "0 van 10" in in_dutch


@pytest.mark.parametrize("hour", ["2026-03-29T02:30", "2026-10-25T02:30"])
def test_an_hour_that_the_clock_skips_or_repeats_is_not_guessed(hour: str) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="UTC"):
        moment(datetime.fromisoformat(hour), "Europe/Brussels")
    assert moment(datetime.fromisoformat(hour), "UTC").hour == 2


def test_a_specification_is_drafted_by_one_and_signed_by_another(cast: story.Cast, sign_in: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    source = (story.HERE / "specification.toml").read_bytes().replace(b'version = "1.0"', b'version = "1.1"')
    browser: Client = sign_in("client", "anicells")
    wrong = browser.post(
        "/o/anicells/specifications/draft",
        {"document": SimpleUploadedFile("s.toml", b"schema = 3")},
        headers=HTMX,
    )
    assert wrong.status_code == 422
    assert wrong.content.count(b"<tr>") > 2, "every problem has its own row"
    drafted = browser.post(
        "/o/anicells/specifications/draft", {"document": SimpleUploadedFile("s.toml", source)}, headers=HTMX
    )
    address = drafted.headers["HX-Redirect"].partition("?")[0]
    assert b"another person must sign" in browser.get(address).content
    qp: Client = sign_in("qp", "anicells")
    page = qp.get(address)
    signed = qp.post(f"{address}/approve", {"password": cast.password, "seen": page.context["seen"]}, headers=HTMX)
    assert "recorded=" in signed.headers["HX-Redirect"]
    versions = read(cast.client, lambda: dict(DocumentVersion.objects.filter(document__code="SP-CART-01").values_list("version", "state")))  # fmt: skip
    assert versions == {"1.0": "superseded", "1.1": "effective"}


def test_a_patients_name_does_not_become_a_pseudonym(cast: story.Cast, sign_in: Any) -> None:
    browser: Client = sign_in("client", "anicells")
    now = timezone.now()
    form = {
        "product": browser.get("/o/anicells/batches/new").context["products"][0].pk, "number": "CART-8", "zone": "UTC",
        "manufactured_at": wall(now - timedelta(hours=2)), "expires_at": wall(now + timedelta(hours=48)),
    }  # fmt: skip
    for personal in ("Jan Janssens", "Janssens", "12/03/1961", "85.07.30-033.28", "111222333"):
        refused = browser.post("/o/anicells/batches/register", {**form, "pseudonym": personal}, headers=HTMX)
        assert refused.status_code == 422
        assert "give a code" in refused.content.decode()
    assert not read(cast.client, lambda: Batch.objects.filter(number="CART-8").exists())
    assert (
        "HX-Redirect"
        in browser.post("/o/anicells/batches/register", {**form, "pseudonym": "P-8"}, headers=HTMX).headers
    )


def test_a_reason_that_names_somebody_is_recorded_only_when_it_is_sent_again(
    cast: story.Cast, request_made: Request, sign_in: Any
) -> None:
    browser: Client = sign_in("client", "anicells")
    address = f"/o/anicells/requests/{request_made.pk}/withdraw"
    form = {"reason": "Wrong patient, meant Jan Janssens", "idempotency_key": "a"}
    warned = browser.post(address, form, headers=HTMX)
    assert warned.status_code == 409
    assert "looks like a person" in warned.content.decode()
    assert b"Janssens" not in warned.content
    assert b"Withdrawn" not in browser.get("/o/anicells/requests").content
    assert (
        browser.post(address, {**form, "reason": "Wrong patient, meant Piet Peeters"}, headers=HTMX).status_code == 409
    )
    assert "HX-Redirect" in browser.post(address, form, headers=HTMX).headers
