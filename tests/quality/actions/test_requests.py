"""The client's side: product, batch, request."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from atmpxb.quality.actions import catalogue, codes, orders, requests
from atmpxb.quality.limits import SpecificationError
from atmpxb.quality.models import Batch, Decline, Product, Request
from atmpxb.quality.states import NotPossibleNow, RequestState
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.reasons import NoReason
from scenes import story as tale


def product(story) -> Product:
    return story.get(Product, code="CART-01", by=story.who.client)


def specification(story) -> DocumentVersion:
    return story.get(DocumentVersion, document__code="SP-CART-01", by=story.who.client)


def register(story, number: str = "CART-0002", *, hours: int = 60) -> Batch:
    now = timezone.now()
    return requests.register_batch(
        actor=story.who.client, product=product(story), number=number, manufactured_at=now,
        expires_at=now + timedelta(hours=hours), zone="Europe/Brussels", pseudonym="P-1",
    )  # fmt: skip


def submit(story, batch: Batch, **changed) -> Request:
    wanted = {
        "laboratory": story.organisation(tale.LAB), "specification": changed.get("specification") or specification(story),
        "needed_by": timezone.now() + timedelta(hours=20),
    }  # fmt: skip
    return requests.submit_request(actor=story.who.client, batch=batch, **(wanted | changed))


def test_a_request_reaches_the_laboratory_on_both_chains_in_one_transaction(scene) -> None:
    story = scene("founded")
    lab, client = story.who.analyst, story.who.client
    heard = len(story.entries(lab))
    request = submit(story, register(story))
    assert request.number == f"Q-{timezone.now().year}-0001"
    own, told = story.entries(client)[-1].content, story.entries(lab)[-1].content
    assert (own["event"], told["event"]) == ("request.submitted", "request.arrived")
    assert own["transaction"] == told["transaction"]
    assert told["actor"]["organisation"] == str(client.organisation_id)
    assert "rows" not in told, "the laboratory's chain holds no rows of the client"
    assert len(story.entries(lab)) == heard + 1
    assert story.breaks(lab) == story.breaks(client) == []
    seen = story.get(Request, "batch__product", "specification", pk=request.pk, by=lab)
    assert (seen.batch.number, seen.batch.product.code) == ("CART-0002", "CART-01")


def test_the_receipt_names_both_entries(scene) -> None:
    story = scene("founded")
    batch = register(story)
    client = story.who.client
    client.receipts.clear()
    submit(story, batch)
    assert [(r.organisation, r.event) for r in sorted(client.receipts, key=lambda r: r.event)] == [
        (story.who.analyst.organisation_id, "request.arrived"), (client.organisation_id, "request.submitted"),
    ]  # fmt: skip
    mine = next(r for r in client.receipts if r.organisation == client.organisation_id)
    entry = story.entries(client)[mine.seq - 1]
    assert (bytes(entry.hash).hex(), entry.at) == (mine.hash, mine.at)


def test_what_is_not_shared_stays_unseen(scene) -> None:
    story = scene("founded")
    register(story, "CART-0003")
    submit(story, register(story))
    with story.as_(story.who.analyst):
        assert list(Batch.objects.values_list("number", flat=True)) == ["CART-0002"]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda s: register(s, hours=0), requests.WrongDates),
        (lambda s: (register(s), register(s)), catalogue.AlreadyRegistered),
        (lambda s: submit(s, register(s, hours=10)), requests.WrongDates),
    ],
)
def test_dates_and_numbers_that_cannot_be_are_refused(scene, attempt, error) -> None:
    story = scene("founded")
    with pytest.raises(error, match=r":|before|already"):
        attempt(story)
    assert story.events(story.who.analyst)[-1] != "request.arrived"


def test_a_draft_specification_cannot_be_asked_for(scene) -> None:
    story = scene("founded")
    source = (tale.HERE / "specification.toml").read_bytes().replace(b'version = "1.0"', b'version = "2.0"', 1)
    draft = catalogue.draft_specification(actor=story.who.client, source=source)
    batch = register(story)
    before = story.standing()
    with pytest.raises(requests.NotEffective, match="effective version"):
        submit(story, batch, specification=draft)
    assert story.standing() == before


def test_a_product_code_and_a_batch_of_another_are_refused(scene) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(catalogue.AlreadyRegistered):
        catalogue.register_product(
            actor=story.who.client, code="CART-01", name="x", dosage_form="x", origin=Product.Origin.AUTOLOGOUS,
            manufacturer="x",
        )  # fmt: skip
    now = timezone.now()
    with pytest.raises(Exception, match="quality_batch_product_id_own"):
        requests.register_batch(
            actor=story.who.head, product=product(story), number="X", manufactured_at=now,
            expires_at=now + timedelta(hours=1), zone="Europe/Brussels", pseudonym="P-1",
        )  # fmt: skip
    assert story.standing() == before


def test_a_request_is_withdrawn_once_and_can_then_not_be_accepted(scene) -> None:
    story = scene("requested")
    client, lab = story.who.client, story.who.analyst
    seen_by_lab = story.request
    mine = story.get(Request, by=client)
    requests.withdraw_request(actor=client, request=mine, reason="the batch was lost")
    assert story.request.state == RequestState.WITHDRAWN
    assert story.events(lab)[-1] == "request.withdrawn_by_client"
    assert story.entries(client)[-1].content["reason"] == "the batch was lost"
    before = story.standing()
    assert seen_by_lab.state == "submitted", "the laboratory still looks at the old page"
    with pytest.raises(orders.RequestClosed):
        orders.accept_request(actor=lab, request=seen_by_lab)
    with pytest.raises(NotPossibleNow):
        requests.withdraw_request(actor=client, request=mine, reason="again")
    assert story.standing() == before


def test_an_accepted_request_is_not_withdrawn_by_a_stale_page(scene) -> None:
    story = scene("requested")
    stale = story.get(Request, by=story.who.client)
    orders.accept_request(actor=story.who.analyst, request=story.request)
    before = story.standing()
    with pytest.raises(requests.AlreadyAccepted, match="Ask it to stop"):
        requests.withdraw_request(actor=story.who.client, request=stale, reason="x")
    assert story.standing() == before


def test_two_batches_registered_at_once_get_their_own_request_numbers(scene) -> None:
    story = scene("founded")
    numbers = [submit(story, register(story, f"CART-{n}")).number for n in range(3)]
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]


def made(story, **changed) -> Batch:
    now = timezone.now()
    wanted = {
        "number": "CART-0009", "manufactured_at": now - timedelta(hours=1), "expires_at": now + timedelta(hours=40),
        "zone": "Europe/Brussels", "pseudonym": "P-9",
    }  # fmt: skip
    return requests.register_batch(actor=story.who.client, product=product(story), **(wanted | changed))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"manufactured_at": timezone.now() + timedelta(hours=3)}, requests.WrongDates),
        ({"manufactured_at": datetime(1989, 12, 31, tzinfo=UTC)}, requests.WrongDates),
        ({"manufactured_at": datetime(1, 1, 1, tzinfo=UTC)}, requests.WrongDates),
        ({"pseudonym": ""}, requests.NoPseudonym),
        ({"pseudonym": "  "}, requests.NoPseudonym),
        ({"pseudonym": "Jan Janssens"}, requests.NoPseudonym),
        ({"pseudonym": "P 9"}, codes.WrongCode),
        ({"number": "CART 0009"}, codes.WrongCode),
        ({"number": "<script>"}, codes.WrongCode),
        ({"number": "é1"}, codes.WrongCode),
        ({"number": "C" * 61}, codes.WrongCode),
    ],
)
def test_a_batch_that_cannot_be_is_refused_with_what_would_cure_it(scene, changed, error) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(error, match=":"):
        made(story, **changed)
    assert story.standing() == before


def test_results_are_not_needed_in_the_past(scene) -> None:
    story = scene("founded")
    batch = register(story)
    with pytest.raises(requests.WrongDates, match="past"):
        submit(story, batch, needed_by=timezone.now() - timedelta(minutes=1))


def second_product(story) -> DocumentVersion:
    """Another product of the same client, with a specification in effect."""
    catalogue.register_product(
        actor=story.who.client, code="NK-02", name="NK cells", dosage_form="Dispersion",
        origin=Product.Origin.ALLOGENEIC, manufacturer="anicells",
    )  # fmt: skip
    source = (tale.HERE / "specification.toml").read_bytes()
    source = source.replace(b'"SP-CART-01"', b'"SP-NK-02"', 1).replace(b'"CART-01"', b'"NK-02"', 1)
    drafted = catalogue.draft_specification(actor=story.who.client, source=source)
    tale._approve(story.who, story.who.client_qp, drafted)
    return story.get(DocumentVersion, "document", pk=drafted.pk, by=story.who.client)


def test_a_batch_is_tested_against_the_specification_of_its_own_product_only(scene) -> None:
    story = scene("founded")
    other = second_product(story)
    batch = register(story)
    before = story.standing()
    with pytest.raises(requests.OtherProduct, match="Choose one of CART-01"):
        submit(story, batch, specification=other)
    assert story.standing() == before


def test_a_specification_is_of_a_product_that_the_organisation_has(scene) -> None:
    story = scene("founded")
    source = (tale.HERE / "specification.toml").read_bytes().replace(b'"CART-01"', b'"CART-77"', 1)
    with pytest.raises(SpecificationError, match="'CART-77' is not registered"):
        catalogue.draft_specification(actor=story.who.client, source=source.replace(b'"1.0"', b'"3.0"', 1))


def test_the_same_form_sent_twice_names_the_request_that_is_there(scene) -> None:
    story = scene("founded")
    batch = register(story)
    first = submit(story, batch)
    before = story.standing()
    with pytest.raises(requests.AlreadyAsked, match=first.number):
        submit(story, batch)
    assert story.standing() == before
    requests.withdraw_request(actor=story.who.client, request=first, reason="a typing error in the note")
    assert submit(story, batch).number != first.number


def test_a_laboratory_declines_with_a_reason_that_the_client_reads(scene) -> None:
    story = scene("requested")
    client, lab = story.who.client, story.who.analyst
    request = story.request
    with pytest.raises(NoReason, match="reason"):
        orders.decline_request(actor=lab, request=request, reason=" ")
    orders.decline_request(actor=lab, request=request, reason="The cycler is in repair until Monday.")
    told = story.entries(client)[-1].content
    assert (told["event"], told["reason"]) == ("request.declined", "The cycler is in repair until Monday.")
    assert story.get(Decline, by=client).reason == "The cycler is in repair until Monday."
    for deed in (
        lambda: orders.accept_request(actor=lab, request=request),
        lambda: orders.decline_request(actor=lab, request=request, reason="again"),
    ):
        with pytest.raises(orders.RequestClosed, match="declined"):
            deed()
    with pytest.raises(requests.AlreadyAccepted, match="declined"):
        requests.withdraw_request(actor=client, request=request, reason="x")
    again = submit(story, story.get(Batch, "product", by=client))
    assert again.pk != request.pk
