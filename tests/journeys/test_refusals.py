"""What people meet when the laboratory says no: what failed, what cures it, and nothing lost."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from atmpxb.platform.demo import files
from atmpxb.science.simulate.flow.tube import Composition, simulate_tube
from journeys.steps import accept, open_run, receive, request_testing, sign, sign_review, write_entry
from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

type Enter = Callable[..., Visitor]


@pytest.fixture(scope="module")
def batch(enter: Enter, numbers: Iterator[str]) -> str:
    """The number of a batch whose samples have just been received."""
    number = next(numbers)
    request_testing(enter("client@anicells.example"), number)
    accept(enter("analyst@sure.example"), number)
    receive(enter("analyst@sure.example"), number)
    return number


def refusal(place: Locator) -> Locator:
    return place.locator("section.refusals")


def test_bad_files_and_wrong_passwords_are_answered_with_a_cure(enter: Enter, batch: str) -> None:
    analyst = enter("analyst@sure.example")
    address = open_run(analyst, "/o/sure/today", batch, "FC-010")
    page = analyst.page
    label = f"{batch}.A"
    strange = simulate_tube(7, events=2_000, composition=Composition(), sample=label, serial="SIM-FC-9999").data
    ((name, good),) = files.tubes(label, 31, count=1, events=20_000)

    # Too early: the button is there, and answers with reasons instead of a form.
    page.get_by_role("button", name="Submit for review").click()
    dialog = page.locator("dialog#sign")
    expect(refusal(dialog)).to_contain_text("This can't be submitted yet")
    expect(dialog.locator("input[type=password]")).to_have_count(0)
    page.keyboard.press("Escape")

    # An instrument that nobody registered: the file is kept, set apart, and the page says what to do.
    _drop(analyst, "strange.fcs", strange)
    apart = page.locator("#set-apart tbody tr")
    expect(apart).to_contain_text("strange.fcs")
    expect(apart).to_contain_text("SIM-FC-9999")
    expect(apart).to_contain_text("Register it under Instruments")

    # The same bytes again, under another name: refused with the run that has them.
    _drop(analyst, name, good)
    expect(page.locator("#attached")).to_contain_text(name)
    _drop(analyst, "copy.fcs", good)
    row = page.locator(".drop-files li").filter(has_text="copy.fcs")
    expect(row).to_contain_text("These bytes are attached to run")
    expect(row).to_contain_text("withdraw the file there first")
    expect(page.locator("#attached")).not_to_contain_text("copy.fcs")
    analyst.look()

    # What is set apart stands among the reviewer's exceptions until somebody decides about it.
    analyst.go(address)
    expect(page.locator("#results tbody tr").first).to_be_visible(timeout=60_000)
    exceptions = page.get_by_role("table", name="Exceptions")
    expect(exceptions).to_contain_text("strange.fcs")
    apart.get_by_text("Withdraw", exact=True).click()
    apart.locator("details[open] [name=reason]").fill("Measured on a demonstration instrument")
    apart.get_by_role("button", name="Withdraw file").click()
    expect(page.locator("#set-apart")).to_have_count(0)
    expect(page.locator("#attached")).to_contain_text("Measured on a demonstration instrument")

    # A wrong password says how many attempts are left and binds nothing; the right one still works.
    analyst.go(address)
    expect(page.locator("#progress")).to_have_attribute("aria-busy", "false", timeout=60_000)
    page.get_by_role("button", name="Submit for review").click()
    dialog.locator("input[type=password]").fill("not the password at all")
    dialog.locator("form button.primary").click()
    expect(refusal(dialog)).to_contain_text("The password is not right")
    expect(refusal(dialog)).to_contain_text("attempts left: 4")
    expect(refusal(dialog)).to_be_focused()
    sign(dialog, analyst)
    expect(page.locator("main .page-header")).to_contain_text("Waiting for review")


def _drop(who: Visitor, name: str, data: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    who.page.locator("#raw").set_input_files([file])
    expect(who.page.locator(".drop-files li").filter(has_text=name).locator(".state")).not_to_contain_text("Sending")


def test_nobody_checks_own_work_and_nobody_signs_what_has_changed_meanwhile(enter: Enter, batch: str) -> None:
    analyst, second = enter("analyst@sure.example"), enter("analyst2@sure.example")
    reviewer, head = enter("reviewer@sure.example"), enter("qp@sure.example")
    address = open_run(analyst, "/o/sure/today", batch, "OB-001")
    write_entry(analyst.page, "Appearance", "opaque_free")

    # The writer finds the address of the check: the page shows the entry and offers no signature.
    second.go(address)
    to_check = second.page.get_by_role("link", name="Check and sign")
    entry = to_check.get_attribute("href")
    assert entry
    page = analyst.go(entry)
    expect(page.locator("main")).to_contain_text("You wrote this yourself.")
    expect(page.locator("main input[type=password]")).to_have_count(0)
    to_check.click()
    sign(second.page.locator("main"), second)
    expect(second.page.locator("#entries")).to_contain_text("Demo person B")
    page = analyst.go(address)
    expect(page.locator("#results tbody tr")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Submit for review").click()
    sign(page.locator("dialog#sign"), analyst)
    expect(page.locator("main .page-header")).to_contain_text("Waiting for review")

    # The head of quality control has the draft open while the reviewer adds results to it.
    flow = reviewer.go("/o/sure/reviews").locator("#queue tbody tr").filter(has_text=batch).filter(has_text="flow")
    flow.locator("a").first.click()
    expect(reviewer.page.locator("section#sign")).to_be_visible()
    sign_review(reviewer)
    page = head.go("/o/sure/board")
    page.get_by_role("article").filter(has_text=batch).get_by_role("link", name="Open release").click()
    rests_on = page.locator("#draft li").filter(has_text="OB-001")
    expect(rests_on).to_have_count(0)
    reviewer.go(address.replace("/runs/", "/reviews/"))
    expect(reviewer.page.locator("section#sign")).to_be_visible()
    sign_review(reviewer)
    sign(page.locator("section#sign"), head)
    expect(refusal(page.locator("main"))).to_contain_text("This has changed since you opened it")
    expect(page.locator("main")).to_contain_text("What changed since you opened this page")
    page.get_by_role("link", name="Load the page again").click()
    expect(rests_on).to_have_count(1)
    head.look()


def test_the_worklist_needs_no_mouse(enter: Enter) -> None:
    page = enter("analyst@sure.example").go("/o/sure/runs")
    rows = page.locator("main tr[data-href]")
    assert rows.count() > 2
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(rows.nth(place).locator("a").first).to_be_focused()
    wanted = rows.nth(1).locator("a").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted)
    page.keyboard.press("/")
    expect(page.get_by_label("Scan or find")).to_be_focused()
    page.keyboard.type("CART-0918.A")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("CART-0918.A")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_another_organisation_does_not_exist_in_a_second_tab(enter: Enter) -> None:
    analyst = enter("analyst@sure.example")
    analyst.go("/o/sure/today")
    tab = analyst.open_tab()
    for path in ("/o/anicells/batches", "/o/anicells/ledger", "/o/nobody/today"):
        answer = tab.goto(analyst.installation.address + path)
        assert answer is not None
        assert answer.status == 404
        expect(tab.locator("main")).not_to_contain_text("CART-")
    tab.close()
    analyst.page.reload()
    expect(analyst.page.get_by_role("heading", level=1)).to_have_text("Today")
