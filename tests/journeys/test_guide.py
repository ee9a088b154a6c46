"""The checks that every page goes through can fail: each finds the fault that it is for."""

from collections.abc import Callable

import pytest

from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

_PAGE = "<!doctype html><html lang=en><title>t</title><main><h1>t</h1>{}</main></html>"

_STYLES = """() => {
  for (const one of document.querySelectorAll("[style]")) one.style.cssText = one.getAttribute("style");
}"""


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "image-alt"),
        ('<p style="color:#aaa;background:#fff">hard to read</p>', "color-contrast"),
        ("<label>Volume</label><input>", "label"),
        ('<div style="width:3000px">wide</div>', "scrolls sideways"),
    ],
)
def test_a_fault_is_found_and_named(enter: Callable[..., Visitor], fault: str, named: str) -> None:
    visitor = enter()
    visitor.go("/account/login/")
    visitor.page.evaluate("text => { document.documentElement.innerHTML = text }", _PAGE.format(fault))
    if "style=" in fault:  # the page's own policy allows no inline style: set what the attribute says
        visitor.page.evaluate(_STYLES)
    visitor._accessible("a planted page")
    found, visitor.faults[:] = list(visitor.faults), []
    visitor.complaints.clear()
    assert any(named in one for one in found), found


def test_a_clean_page_has_no_fault(enter: Callable[..., Visitor]) -> None:
    visitor = enter()
    visitor.go("/account/login/")
    visitor.page.evaluate("text => { document.documentElement.innerHTML = text }", _PAGE.format("<p>plain</p>"))
    visitor._accessible("a plain page")
    assert visitor.faults == []
