"""The gallery in a real browser: no axe violation in any theme, and the modules do what they promise."""

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

pytestmark = pytest.mark.journey


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *_arguments: Any) -> None:
        """Leave the output to pytest."""


class Files:
    """The gallery, and a place that takes files: it refuses every name with *bad* in it."""

    def __init__(self) -> None:
        self.pages = StaticFilesHandler(WSGIHandler())
        self.taken: dict[str, bytes] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "PUT":
            return self.pages(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        name = environ["HTTP_X_FILE_NAME"]
        if "bad" in name:
            start_response("422 Unprocessable Content", [("Content-Type", "application/json")])
            return [json.dumps({"message": "The file ends too early.", "cure": "Export it again."}).encode()]
        self.taken[name] = body
        start_response("201 Created", [("Content-Type", "application/json")])
        return [b"{}"]


@pytest.fixture(scope="module")
def files() -> Iterator[tuple[str, Files]]:
    """A server of its own thread and port."""
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(DEBUG=True, STORAGES=storages, ALLOWED_HOSTS=["*"]):
        taker = Files()
        server = make_server("127.0.0.1", 0, taker, handler_class=Quiet)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", taker
        server.shutdown()
        server.server_close()


def visit(browser: Any, address: str, theme: str, language: str, width: int, **options: Any) -> Any:
    """A page with a theme and language, and the complaints of its console in ``page.complaints``."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    context.add_cookies(
        [
            {"name": "theme", "value": theme, "url": address},
            {"name": "django_language", "value": language, "url": address},
        ]
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}/components")
    return page


@pytest.mark.parametrize(
    ("theme", "language", "width"),
    [("light", "en", 1280), ("dark", "nl", 1280), ("light", "nl", 768), ("dark", "en", 1024)],
)
def test_no_axe_violation_and_nothing_wider_than_the_screen(
    browser: Any, files: tuple[str, Files], theme: str, language: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(browser, files[0], theme, language, width, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    results = Axe().run(page)
    assert results.response["violations"] == [], results.generate_report()
    page.click("[data-opens=sign]")
    assert Axe().run(page).response["violations"] == [], "the signing dialog"
    page.context.close()


def test_the_strict_policy_leaves_the_modules_working(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    config = page.evaluate("[htmx.config.noSwap, htmx.config.includeIndicatorCSS, htmx.config.history]")
    assert config == [[204, 304, "4xx", "5xx"], False, False]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "CD3+ identity"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.evaluate("document.getElementById('keys-help').open")
    assert page.complaints == []
    page.context.close()


def test_single_keys_can_be_switched_off(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    page.context.add_cookies([{"name": "keys", "value": "off", "url": files[0]}])
    page.reload()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert not page.evaluate("document.getElementById('keys-help').open")
    page.context.close()


def test_the_choice_of_colours_works_at_once_and_is_kept(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.click(".who .menu:last-of-type summary")
    with page.expect_response("**/preferences"):
        page.click("button[value=dark]")
    assert page.evaluate(ground) == "rgb(20, 23, 28)"
    page.reload()
    assert page.evaluate(ground) == "rgb(20, 23, 28)"
    page.context.close()


def test_a_refused_file_says_why_and_the_others_go_on(browser: Any, files: tuple[str, Files]) -> None:
    address, taker = files
    page = visit(browser, address, "light", "en", 1280)
    names = ("tüb 1.fcs", "bad.fcs", "c.fcs")
    page.set_input_files(
        "#stained",
        [{"name": n, "mimeType": "application/octet-stream", "buffer": n.encode() * 9} for n in names],
    )
    page.wait_for_function("document.querySelectorAll('.drop-files button').length === 1")
    rows = [row.inner_text() for row in page.query_selector_all(".drop-files li")]
    assert "Stored" in rows[0]
    assert "The file ends too early." in rows[1]
    assert "Export it again." in rows[1]
    assert "Send again" in rows[1]
    assert "Stored" in rows[2]
    assert taker.taken["t%C3%BCb%201.fcs"] == "tüb 1.fcs".encode() * 9, "the body is the file and nothing else"
    page.context.close()


def test_a_wedge_scanner_reaches_the_scan_field_from_anywhere(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    page.fill("#id_remark", "soft")
    page.focus("#id_temperature")
    page.fill("#id_temperature", "4.2")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.evaluate(
            """() => {
                const field = document.activeElement;
                for (const key of [..."S-00412", "Enter"]) {
                    const press = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
                    const go = field.dispatchEvent(press);
                    if (go && key.length === 1) field.value += key;
                }
                window.kept = field.value;
            }"""
        )
    assert "q=S-00412" in (sent.value.post_data or "").split("&")
    assert "S-00412" not in sent.value.url, "an address is kept in places where a label should not be"
    page.context.close()


def test_enter_in_a_recorded_form_goes_to_the_next_field(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    page.focus("#id_temperature")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_remark"
    assert page.url.endswith("/components")
    page.context.close()


def test_a_failed_request_shows_a_banner_and_leaves_the_page(browser: Any, files: tuple[str, Files]) -> None:
    page = visit(browser, files[0], "light", "en", 1280)
    page.route("**/ended", lambda route: route.fulfill(status=401, body="<h1>Sign in</h1>"))
    page.route(
        "**/wrong",
        lambda route: route.fulfill(status=422, body='<div id="job"><h2 data-takes-focus tabindex="-1">No</h2></div>'),
    )
    page.evaluate(
        """() => {
            const form = (url, extra) =>
                `<form hx-post="${url}" hx-target="#job" ${extra}><button>${url}</button></form>`;
            const place = document.createElement("div");
            place.innerHTML = form("/ended", "") + form("/wrong", 'hx-status:422="swap:outerHTML"');
            document.querySelector("main").append(place);
            htmx.process(place);
        }"""
    )
    before = page.inner_text("#job")
    page.click("text=/ended")
    page.wait_for_selector('[data-notice="401"]')
    assert page.inner_text("#job") == before
    assert page.get_attribute('[data-notice="401"] a', "target") == "_blank"
    page.click("text=/wrong")
    page.wait_for_selector("#job h2")
    assert page.evaluate("document.activeElement.textContent") == "No"
    page.context.close()
