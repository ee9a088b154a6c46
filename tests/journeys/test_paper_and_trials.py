"""Before a run: a label that a scanner gives back letter for letter, paper to work by, a draft tried on a file."""

import io
import re
from collections.abc import Callable
from time import time

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from atmpxb.platform.demo import files, story
from journeys.test_dutch import lines, untranslated
from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

type Enter = Callable[..., Visitor]


def codes(page: Page) -> list[str]:
    """What a scanner reads off the printed page."""
    page.emulate_media(media="print")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L")
    page.emulate_media(media="null")
    return [found.text for found in zxingcpp.read_barcodes(np.asarray(picture))]


def test_a_printed_label_leads_back_to_its_sample(enter: Enter) -> None:
    analyst = enter("analyst@sure.example")
    page = analyst.go("/o/sure/receive")
    page.get_by_role("link", name="Print labels").click()
    expect(page.get_by_role("button", name=re.compile(r"Print \d+ labels"))).to_be_visible()
    analyst.look("labels")
    dutch = enter("analyst@sure.example", "nl")
    dutch.go("/o/sure/labels")
    dutch.look("labels")
    written = page.locator(".label .text").all_inner_texts()
    assert sorted(codes(page)) == sorted(written)
    assert len(written) > 2
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator("#what")).to_be_hidden()
    place = page.locator(".label").first.bounding_box()
    page.emulate_media(media="null")
    assert place is not None
    assert (round(place["width"] / 96 * 25.4, 1), round(place["height"] / 96 * 25.4, 1)) == (70.0, 37.0), "mm"
    page.get_by_label("Label stock").select_option("50x25")
    page.get_by_role("button", name="Show these labels").click()
    analyst.look()
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == len(written), "each label a page of its own"
    page.locator("#find").focus()
    page.keyboard.type(written[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(written[0])
    expect(page.get_by_role("link", name="Print label")).to_be_visible()


def test_a_printed_run_leads_back_to_its_page(enter: Enter) -> None:
    analyst = enter("analyst@sure.example")
    page = analyst.go("/o/sure/runs")
    page.locator("main tbody tr").filter(has_text="CART-0917.B").locator("a").first.click()
    number = page.get_by_role("heading", level=1).inner_text()
    assert codes(page) == [number]
    page.emulate_media(media="print")
    for gone in (".bar", ".rail", ".back"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("#plate")).to_contain_text("CART-0917.B")
    expect(page.get_by_text("A copy: the record is in the program.")).to_be_visible()
    page.emulate_media(media="null")
    expect(page.get_by_text("A copy: the record is in the program.")).to_be_hidden()


def test_a_draft_is_tried_on_a_file_before_it_is_approved(enter: Enter) -> None:
    analyst = enter("analyst@sure.example")
    source = (story.examples() / "pcr/vcn.toml").read_text()
    draft = re.sub(r'(?m)^version = "[^"]*"', f'version = "1.{time() % 10_000:.0f}"', source, count=1)
    page = analyst.go("/o/sure/methods")
    page.get_by_label("Document").set_input_files(
        [{"name": "vcn.toml", "mimeType": "application/toml", "buffer": draft.encode()}]
    )
    page.get_by_role("button", name="Put draft on file").click()
    page.get_by_role("link", name="Try on files").click()
    name, data = files.plate({"DEV-01": 1.8}, 7)
    page.locator("#trial").set_input_files(
        [
            {"name": "broken.rdml", "mimeType": "application/octet-stream", "buffer": b"not a zip"},
            {"name": name, "mimeType": "application/octet-stream", "buffer": data},
        ]
    )
    offered = page.locator("#offered tbody tr")
    expect(offered.filter(has_text="broken.rdml")).to_contain_text("export it again as RDML")
    expect(offered.filter(has_text=name).get_by_role("checkbox")).to_be_checked()
    analyst.look()
    page.get_by_role("button", name="Try the draft").click()
    expect(page.get_by_text("A trial of a draft: nothing here is a result.")).to_be_visible(timeout=30_000)
    expect(page.locator("#values")).to_contain_text("copies/cell")
    expect(page.locator("figure.plot img").first).to_be_visible()
    analyst.look("trial", unfolded=True)
    address = page.url.removeprefix(analyst.installation.address).partition("?")[0]
    dutch = enter("analyst@sure.example", "nl")
    for path in (address, address.rpartition("/")[0]):
        dutch.go(path)
        left = lines(dutch.page) & untranslated()
        assert not left, f"English on {path}: {sorted(left)}"
    dutch.go(address)
    dutch.look("trial", unfolded=True)
