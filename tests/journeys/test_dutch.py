"""The same pages in Dutch: no English sentence left, decimals with a comma, the language named to screen readers."""

import re
from collections.abc import Callable

import pytest
from babel.messages.catalog import Message
from playwright.sync_api import Page, expect

from atmpxb.platform import messages
from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

#: What a reader of Dutch may meet unchanged: names, and notes that another person typed.
_KEPT = {"atmpxb", "English", "Nederlands"}


def untranslated() -> set[str]:
    """English sentences of the source whose Dutch differs; short words could be names, so only those that can't."""
    catalogue = messages.read("nl")
    return {
        message.id
        for message in catalogue
        if isinstance(message, Message) and isinstance(message.id, str) and isinstance(message.string, str)
        if message.id != message.string and len(message.id) > 3 and message.id not in _KEPT and "%" not in message.id
    }  # fmt: skip


def lines(page: Page) -> set[str]:
    """Every text node that a reader sees, trimmed."""
    found: list[str] = page.evaluate(
        """() => {
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), seen = [];
          while (walk.nextNode()) {
            const parent = walk.currentNode.parentElement;
            if (!parent.closest("script, style, pre, noscript, .mono, blockquote")) seen.push(walk.currentNode.data);
          }
          for (const one of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
            for (const name of ["aria-label", "title", "placeholder", "alt"]) seen.push(one.getAttribute(name) ?? "");
          return seen;
        }"""
    )
    return {re.sub(r"\s+", " ", text).strip() for text in found} - {""}


def test_the_list_of_sentences_can_find_something(enter: Callable[..., Visitor]) -> None:
    english = enter("analyst@sure.example").go("/o/sure/today")
    assert len(lines(english) & untranslated()) > 10


@pytest.mark.parametrize(
    ("account", "name", "path"),
    [
        ("", "login", "/account/login/"),
        ("analyst@sure.example", "worklist", "/o/sure/today"),
        ("analyst@sure.example", "receive", "/o/sure/receive"),
        ("analyst@sure.example", "run", "/o/sure/runs > CART-0917.B"),
        ("analyst@sure.example", "result", "/o/sure/runs > CART-0917.A > #results tbody a"),
        ("analyst@sure.example", "", "/o/sure/samples"),
        ("analyst@sure.example", "", "/o/sure/labels?stock=50x25"),
        ("analyst@sure.example", "", "/o/sure/instruments"),
        ("analyst@sure.example", "", "/o/sure/methods"),
        ("reviewer@sure.example", "", "/o/sure/reviews"),
        ("reviewer@sure.example", "review", "/o/sure/reviews > CART-0918"),
        ("qp@sure.example", "board", "/o/sure/board"),
        ("qp@sure.example", "approve", "/o/sure/board > Vrijgave openen"),
        ("qp@sure.example", "certificate", "/o/sure/certificates > main tbody a"),
        ("qp@sure.example", "ledger", "/o/sure/ledger"),
        ("client@anicells.example", "batches", "/o/anicells/batches"),
        ("client@anicells.example", "batch", "/o/anicells/batches > CART-0918"),
        ("client@anicells.example", "request", "/o/anicells/requests > main tbody a"),
        ("client@anicells.example", "verify", "/o/anicells/certificates > main tbody a > Publieke pagina"),
    ],
)
def test_a_page_speaks_dutch(enter: Callable[..., Visitor], account: str, name: str, path: str) -> None:
    visitor = enter(account, "nl")
    start, *steps = path.split(" > ")
    page = visitor.go(start)
    for step in steps:
        follow(page, step)
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    visitor.look(name)
    left = lines(page) & untranslated()
    assert not left, f"English on {page.url}: {sorted(left)}"
    points = [text for text in lines(page) if re.fullmatch(r"[<>≤≥]?\s?\d+\.\d+( .*)?", text)]
    assert not points, f"decimals with a point on {page.url}: {points}"


def follow(page: Page, step: str) -> None:
    """The first link that a selector finds, a row that holds a label, or a link with a name."""
    before = page.url
    if " " in step and ("tbody" in step):
        page.locator(step).first.click()
    elif step.startswith("CART-"):
        page.locator("main tbody tr").filter(has_text=step).locator("a").first.click()
    else:
        page.get_by_role("main").get_by_role("link", name=step).first.click()
    page.wait_for_url(lambda url: url != before)
