"""Labels: what a container carries is what a scanner types, and what the pages then find."""

import re
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
import zxingcpp

from atmpxb.platform.demo import story
from atmpxb.quality.models import Order, Request, Sample
from atmpxb.quality.pages.bench.labels import STOCKS, Stock
from atmpxb.quality.symbols import QUIET, Symbol, data_matrix
from atmpxb.records.ledger.writing import acting_for
from quality.pages.conftest import LABELS, SignIn
from quality.pages.test_bench import post, shown

HERE = "/o/sure"


def texts(page: str) -> list[str]:
    return re.findall(r'<strong class="text">([^<]+)</strong>', page)


def scanned(symbol: Symbol) -> str:
    """Draw the path as a browser does, and read the picture as a scanner does."""
    picture = np.full((symbol.modules, symbol.modules), 255, dtype=np.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", symbol.path):
        picture[int(y), int(x) : int(x) + int(width)] = 0
    found = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), dtype=np.uint8)))
    assert len(found) == 1
    return str(found[0].text)


@pytest.mark.parametrize("text", ["CART-0001.A", "O-2026-0004.flow", "a", "Ab9-" * 15])
def test_a_code_says_its_text_letter_for_letter(text: str) -> None:
    symbol = data_matrix(text)
    assert scanned(symbol) == text
    rows = [int(row) for row in re.findall(r"M\d+ (\d+)h", symbol.path)]
    assert min(rows) == QUIET, "the quiet zone above is white"
    assert max(rows) == symbol.modules - QUIET - 1, "and the one below"
    assert all(earlier <= later for earlier, later in pairwise(rows))


@pytest.mark.parametrize("stock", STOCKS.values(), ids=lambda one: one.code)
def test_no_label_needs_finer_modules_than_a_bench_scanner_reads(stock: Stock) -> None:
    longest = "Ab9-" * 15  # as long as a label may be, of letters that pack badly
    assert data_matrix(longest).module_mm(stock.code_mm) >= 0.25


def test_a_client_labels_what_it_sends_and_the_laboratory_scans_it_in(
    cast: story.Cast, request_made: Request, sign_in: SignIn
) -> None:
    client, analyst = sign_in("client", "anicells"), sign_in("analyst", "sure")
    address = f"/o/anicells/requests/{request_made.pk}"
    assert "Print labels" not in shown(client, address)
    assert "accept the request first" in shown(client, f"{address}/labels"), "says what it waits for"
    post(analyst, f"{HERE}/today/requests/{request_made.pk}/accept")
    assert f"{address}/labels" in shown(client, address)
    assert f"{address}/labels" in shown(client, f"/o/anicells/batches/{request_made.batch_id}")
    page = shown(client, f"{address}/labels")
    printed = texts(page)
    assert [text.partition(".")[2] for text in printed] == ["flow", "dna", "micro"]
    for word in ("CART-01 Illustrative CAR-T", "Batch CART-0001", "Cell pellet for qPCR", "Keep at 2 to 30 °C",
                 "Holds 72 h from receipt", "Biosafety 2", "GMO II", "Sure Laboratories"):  # fmt: skip
        assert word in page
    assert "P-0001" not in page, "of the patient not even the pseudonym"
    assert texts(shown(analyst, f"{HERE}/labels")) == printed, "the laboratory prints the same"

    found = analyst.post(f"{HERE}/find", {"q": printed[1]})
    assert found.status_code == 302, "a scan in the search field leads to the container that is expected"
    assert "Cell pellet for qPCR" in shown(analyst, found["Location"])
    received = shown(analyst, f"{HERE}/receive?label={printed[1]}")
    options = re.findall(r'<option value="([0-9a-f-]{36})"[^>]*>([^<]+)', received)
    assert len(options) == 1, "the label we printed is of this container and no other"
    assert "Cell pellet for qPCR" in options[0][1]
    taking = {"sample": options[0][0], "label": printed[1], "volume_ul": "200", "temperature_c": "18"}
    assert post(analyst, f"{HERE}/receive/take", **taking)[0] == 200
    assert "This label is received already" in shown(analyst, f"{HERE}/receive?label={printed[1]}")
    page = shown(analyst, f"{HERE}/labels?sample={options[0][0]}")
    assert texts(page) == [printed[1]]
    assert re.search(r"Until <time[^>]*>\d", page), "it has arrived, so the end of its hold time is known"


def test_a_sample_is_labelled_by_the_number_it_carries(cast: story.Cast, order: Order, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    page = shown(analyst, f"{HERE}/requests/{order.request_id}/labels")
    assert texts(page) == [LABELS["flow"], LABELS["dna"], "CART-0001.micro"]
    found = analyst.post(f"{HERE}/find", {"q": LABELS["dna"]})
    assert found.status_code == 302
    sample = found["Location"].rpartition("/")[2]
    assert f"labels?sample={sample}" in shown(analyst, found["Location"])
    assert texts(shown(analyst, f"{HERE}/labels?sample={sample}")) == [LABELS["dna"]]
    under_its_place = analyst.post(f"{HERE}/find", {"q": f"{order.number}.dna"})
    assert under_its_place["Location"] == found["Location"], "labels that were printed before still lead there"


def test_a_half_used_sheet_goes_on_where_it_ended(cast: story.Cast, order: Order, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    address = f"{HERE}/requests/{order.request_id}/labels?chosen=1"
    keys = re.findall(r'name="label" value="([^"]+)"', shown(analyst, address))
    page = shown(analyst, f"{address}&label={keys[0]}&stock=a4-70x37&copies=3&first=23")
    sheets = page.split('<ol class="sheet">')[1:]
    assert [len(texts(sheet)) for sheet in sheets] == [2, 1]
    assert sheets[0].count('<li class="label"></li>') == 22, "the used places stay empty"
    assert "labels-a4-70x37.css" in page
    for wrong, why in (("&copies=0&first=1", "greater than or equal to 1"), ("&copies=1&first=25", "ends at label 24")):
        refused = shown(analyst, f"{address}&label={keys[0]}&stock=a4-70x37{wrong}")
        assert why in refused
        assert not texts(refused), "nothing to print while it is not clear what"
    assert "Choose at least one container" in shown(analyst, address)


def test_a_page_holds_no_more_than_a_printer_takes_at_once(
    cast: story.Cast, order: Order, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atmpxb.quality.pages.bench.labels.MOST", 5)
    analyst, address = sign_in("analyst", "sure"), f"{HERE}/requests/{order.request_id}/labels"
    assert len(texts(shown(analyst, address))) == 3
    page = shown(analyst, f"{address}?copies=2")
    assert "Print at most 5 labels at once" in page
    assert not texts(page)


def test_labels_are_for_those_who_hold_the_containers(cast: story.Cast, order: Order, sign_in: SignIn) -> None:
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        sample = Sample.objects.get(label=LABELS["dna"])
    assert sign_in("client", "anicells").get(f"/o/anicells/labels?sample={sample.pk}").status_code == 403
    stranger = sign_in("administrator", "idevax")
    assert stranger.get(f"/o/idevax/requests/{order.request_id}/labels").status_code in (403, 404)
    elsewhere = sign_in("analyst", "sure").get(f"{HERE}/requests/{UUID(int=1)}/labels")
    assert elsewhere.status_code == 404
