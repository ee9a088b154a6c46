"""What people do on more than one journey."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from journeys.visitor import Visitor


def request_testing(client: Visitor, number: str) -> None:
    """The client registers the batch and sees, before asking, what the laboratory will be able to read."""
    page = client.go("/o/anicells/batches")
    page.get_by_role("link", name="Register a batch").click()
    client.look()
    now = datetime.now(ZoneInfo("Europe/Brussels"))
    page.get_by_label("Product", exact=True).select_option(index=0)
    page.get_by_label("Batch number").fill(number)
    page.get_by_label("Pseudonym of the patient").fill("P-51D8")
    page.get_by_label("Manufactured").fill(f"{now - timedelta(hours=10):%Y-%m-%dT%H:%M}")
    page.get_by_label("Expires").fill(f"{now + timedelta(hours=70):%Y-%m-%dT%H:%M}")
    page.get_by_label("Time zone").select_option("Europe/Brussels")
    page.get_by_role("button", name="Register batch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    page.get_by_role("main").get_by_role("link", name="Request testing").first.click()
    page.get_by_label("Laboratory", exact=True).select_option("Sure Laboratories · NL")
    page.get_by_label("Results needed by").fill(f"{now + timedelta(hours=30):%Y-%m-%dT%H:%M}")
    page.get_by_label("Note to the laboratory").fill("Fresh cells, courier at ambient temperature.")
    page.get_by_role("button", name="Show what is shared").click()
    expect(page.locator("#shared")).to_contain_text("Sure Laboratories will be able to read")
    expect(page.locator("#shared")).to_contain_text("P-51D8")
    client.look("request")
    page.get_by_role("button", name="Submit request").click()
    expect(page.locator("main")).to_contain_text("Recorded")
    client.look()
    client.go("/o/anicells/requests")
    client.look()


def accept(analyst: Visitor, number: str) -> None:
    page = analyst.go("/o/sure/today")
    asked = page.get_by_role("region", name=f"anicells asks to test batch {number}")
    asked.get_by_text("10 tests and the sampling plan").click()
    analyst.look("worklist")
    asked.get_by_role("button", name="Accept request").click()
    expect(asked).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Recorded")


def receive(analyst: Visitor, number: str) -> None:
    """Hands free: the scanner types into the field that has the focus and presses Enter; the page stays open."""
    page = analyst.go("/o/sure/today")
    page.get_by_role("link", name=re.compile(r"Receive \d+ samples?")).click()
    for label, material, volume in (
        ("A", "flow cytometry", "480"),
        ("B", "qPCR", "185,5"),
        ("C", "sterility", "900"),
    ):
        expect(page.get_by_label("Scan or type the label")).to_be_focused()
        page.keyboard.type(f"{number}.{label}")
        page.keyboard.press("Enter")
        container = page.get_by_label("Container", exact=True)
        wanted = container.locator("option").filter(has_text=number).filter(has_text=material)
        container.select_option(wanted.get_attribute("value"))
        expect(page.get_by_label("Label", exact=True)).to_have_value(f"{number}.{label}")
        page.get_by_label("Volume").fill(volume)
        page.get_by_label("Temperature on arrival").fill("18.5")
        page.get_by_label("Condition").fill("Sealed, label readable")
        if label == "A":
            analyst.look("receive")
        page.get_by_role("button", name="Receive sample").click()
        expect(page.get_by_role("table", name="Received containers")).to_contain_text(f"{number}.{label}")


def open_run(analyst: Visitor, path: str, number: str, method: str, partner: str = "") -> str:
    page = analyst.go(path)
    rows = page.locator("form table tbody tr").filter(has_text=f"{number}.").filter(has_text=method)
    expect(rows).to_have_count(1)
    rows.get_by_role("checkbox").check()
    if partner:
        page.get_by_label("Performed by another laboratory").select_option(label=partner)
        analyst.look()
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_role("heading", name="About this run")).to_be_visible()
    return page.url.removeprefix(analyst.installation.address).partition("?")[0]


def write_entry(page: Page, name: str, value: str) -> None:
    row = page.locator("#entries tbody tr").filter(has_text=name)
    field = row.locator("[name=value]").first
    if field.evaluate("(one) => one.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)
    row.get_by_role("button", name="Write").click()
    expect(page.locator("#entries tbody tr").filter(has_text=name)).to_contain_text(
        "A colleague must check this."
    )


def sign(form: Any, who: Visitor) -> None:
    form.locator("input[type=password]").fill(who.installation.password)
    form.locator("form:has(input[type=password]) button.primary").click()


def sign_review(reviewer: Visitor) -> None:
    """Answer each exception of the run in sight, then sign."""
    page = reviewer.page
    open_ones = page.get_by_role("button", name="Record disposition")
    while left := open_ones.count():
        page.get_by_label("What it means for the results").first.fill("Looked at the data: no influence.")
        open_ones.first.click()
        expect(open_ones).to_have_count(left - 1)
    sign(page.locator("section#sign"), reviewer)
    expect(page.get_by_role("heading", level=1)).to_have_text("To review")
