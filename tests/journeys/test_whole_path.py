"""From a client's request to a certificate that proves itself, as five people live it in their browsers."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from atmpxb.platform.demo import files, network, story
from journeys.installation import Installation
from journeys.steps import (
    accept,
    drop,
    name_instrument,
    open_run,
    receive,
    request_testing,
    sign,
    sign_review,
    write_entry,
)
from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

EVENTS = 20_000
type Enter = Callable[..., Visitor]


def test_a_batch_goes_from_request_to_a_certificate_that_proves_itself(
    enter: Enter, installation: Installation, numbers: Iterator[str], tmp_path: Path
) -> None:
    enter().go("/account/login/")
    enter().look("login")
    number = next(numbers)
    client, analyst = enter("client@anicells.example"), enter("analyst@sure.example")
    request_testing(client, number)
    accept(analyst, number)
    receive(analyst, number)
    runs = open_runs(analyst, number)
    write_worksheets(analyst, enter("analyst2@sure.example"), runs, number)
    measure(analyst, runs, number)
    submit(analyst, runs)
    review(enter("reviewer@sure.example"), runs)
    certificate = approve(enter("qp@sure.example"), number)
    pdf = collect(client, number, tmp_path)
    verified_offline(client, certificate, pdf, tmp_path)
    public = enter()
    public.go(certificate["public"])
    expect(public.page.get_by_role("heading", level=1)).to_have_text("Genuine and current")
    public.look("verify")
    checked_in_the_browser(public.page, pdf, tmp_path)


def open_runs(analyst: Visitor, number: str) -> dict[str, str]:
    """One run for each method; the address of each. What a partner does is opened under the partner's name."""
    opened = {}
    for kind, method in (("flow", "FC-010"), ("qpcr", "QP-001"), ("counts", "CC-001"), ("look", "OB-001")):
        opened[kind] = open_run(analyst, "/o/sure/today", number, method)
    partner = f"{network.name_of(story.PARTNER)} · BE"
    opened["partner"] = open_run(analyst, "/o/sure/runs/new", number, "TR-001", partner=partner)
    return opened


def measure(analyst: Visitor, runs: dict[str, str], number: str) -> None:
    """Files dropped on each run; results stand a moment later, with their plots and nothing to press."""
    flow, dna = f"{number}.A", f"{number}.B"
    dropped: dict[str, list[tuple[str, bytes]]] = {
        "flow": list(files.tubes(flow, 921, count=2, events=EVENTS)),
        "qpcr": [files.plate({dna: 1.8}, 921)],
        "counts": [files.counts(flow, 921)],
    }
    for kind, chosen in dropped.items():
        page = analyst.go(runs[kind])
        drop(page, chosen)
        if kind == "counts":
            name_instrument(page, "CC-01 Cell counter 1")
        expect(page.locator("#results tbody tr").first).to_be_visible(timeout=60_000)
        expect(page.locator("#progress")).to_have_attribute("aria-busy", "false", timeout=60_000)
        expect(page.locator("#results .verdict").first).to_contain_text("Complies")
        if kind in ("flow", "qpcr"):
            plots = page.locator("figure.plot img")
            expect(plots.first).to_be_visible()
        analyst.look("run" if kind == "flow" else "")


def write_worksheets(analyst: Visitor, second: Visitor, runs: dict[str, str], number: str) -> None:
    """What no instrument sees is written by one person and checked, with a password, by another."""
    written = (
        ("counts", "Dilution before counting", "1"), ("look", "Appearance", "opaque_free"),
        ("partner", "Number of the report", "R-1"), ("partner", "Date of the report", f"{files.clock():%Y-%m-%d}"),
        ("partner", "Sterility", "no_growth"), ("partner", "Bacterial endotoxins", files.ENDOTOXIN),
    )  # fmt: skip
    for kind, name, value in written:
        page = analyst.go(runs[kind])
        if kind == "counts":
            analyst.look()
        if name == "Sterility":
            drop(page, [files.partner_certificate(f"{number}.C")])
        write_entry(page, name, value, "not asked" if "report" in name else "A colleague must check this.")
    for kind in ("counts", "look", "partner"):
        page = second.go(runs[kind])
        to_check = page.get_by_role("link", name="Check and sign")
        while left := to_check.count():
            to_check.first.click()
            if kind == "partner":
                expect(page.get_by_role("img", name="Page 1 of")).to_be_visible()
            if kind == "look" or left == 2:
                second.look()
            sign(page.locator("main"), second)
            expect(to_check).to_have_count(left - 1)
        expect(page.locator("#entries")).to_contain_text("Demo person B")


def submit(analyst: Visitor, runs: dict[str, str]) -> None:
    """Each run is signed as performed; the dialog says in words what the signature binds."""
    for kind, address in runs.items():
        page = analyst.go(address)
        expect(page.locator("#results tbody tr").first).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Submit for review").click()
        dialog = page.locator("dialog#sign")
        expect(dialog).to_contain_text("What you sign")
        if kind == "flow":
            analyst.look()
            expect(dialog).to_be_visible()
        sign(dialog, analyst)
        expect(page.locator("main .page-header")).to_contain_text("Waiting for review")
    page.goto(analyst.installation.address + runs["flow"])
    page.locator("#results tbody tr a").first.click()
    analyst.look("result")


def review(reviewer: Visitor, runs: dict[str, str]) -> None:
    """Exceptions first: each gets its word, then the reviewer signs."""
    page = reviewer.go("/o/sure/reviews")
    reviewer.look()
    for kind, address in runs.items():
        page = reviewer.go(address.replace("/runs/", "/reviews/"))
        if kind == "flow":
            reviewer.look("review")
        elif kind == "qpcr":
            reviewer.look()
        sign_review(reviewer)
        expect(page.locator("main")).to_contain_text("Recorded")


def approve(head: Visitor, number: str) -> dict[str, str]:
    """The head of quality control finds the batch on the board, reads the draft in words, and signs."""
    page = head.go("/o/sure/board")
    head.look("board")
    page.get_by_role("article").filter(has_text=number).get_by_role("link", name="Open release").click()
    expect(page.locator("#draft")).to_contain_text("Draft of the certificate")
    head.look("approve")
    sign(page.locator("section#sign"), head)
    expect(page.get_by_role("heading", name="The document", exact=True)).to_be_visible(timeout=60_000)
    pictures = page.locator("img.document-page")
    assert pictures.count() >= 2
    head.look("certificate")
    public = page.get_by_role("link", name="Public page").get_attribute("href")
    assert public
    found = {"path": page.url.removeprefix(head.installation.address).partition("?")[0], "public": public}
    for path in ("certificates", "ledger", "releases", "ledger/checkpoints"):
        head.go(f"/o/sure/{path}")
        head.look("ledger" if path == "ledger" else "")
    return found


def collect(client: Visitor, number: str, folder: Path) -> Path:
    """The client sees the same certificate and takes the PDF home."""
    page = client.go("/o/anicells/batches")
    expect(page.locator("#batches tbody tr").filter(has_text=number)).to_contain_text("10 of 10")
    client.look("batches")
    page.get_by_role("link", name=number, exact=True).click()
    client.look("batch")
    page.locator("#certificates tbody tr a").first.click()
    client.look()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download PDF").click()
    pdf = folder / coming.value.suggested_filename
    coming.value.save_as(pdf)
    with page.expect_download() as coming:
        page.get_by_role("link", name=re.compile("raw files")).click()
    coming.value.save_as(folder / "raw.zip")
    return pdf


def verified_offline(client: Visitor, certificate: dict[str, str], pdf: Path, folder: Path) -> None:
    """``atmpxb verify`` with the trust list of the installation: every check holds, and the results are recomputed."""
    trust = folder / "trust.json"
    trust.write_bytes(client.context.request.get(client.installation.address + "/trust.json").body())
    with zipfile.ZipFile(folder / "raw.zip") as archive:
        archive.extractall(folder / "raw")
    # A process of its own: no database, no settings, and not the event loop that drives the browser.
    asked = [sys.executable, "-m", "atmpxb.platform.cli", "verify", str(pdf), "--json"]
    asked += ["--raw", str(folder / "raw"), "--trust", str(trust)]
    bare = {"PATH": os.environ["PATH"], "ATMPXB_HOME": str(folder / "nowhere")}
    answer = subprocess.run(asked, env=bare, cwd=folder, capture_output=True, text=True, timeout=120)
    assert answer.stdout, answer.stderr
    report = json.loads(answer.stdout)
    assert report["holds"] is True, report
    assert answer.returncode == 0


def checked_in_the_browser(page: Page, pdf: Path, folder: Path) -> None:
    """The public page compares a chosen file with the published hash; one changed byte is another document."""
    page.get_by_label("Certificate (PDF)").set_input_files(pdf)
    answer = page.locator("[data-answer]")
    expect(answer).to_contain_text("Same: this file is the published document")
    changed = bytearray(pdf.read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "changed.pdf").write_bytes(changed)
    page.get_by_label("Certificate (PDF)").set_input_files(folder / "changed.pdf")
    expect(answer).to_contain_text("Different: this file is not the published document")
