"""A person at a browser, and what is asked of every page that the person looks at."""

import functools
import gzip
import os
import urllib.request
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, expect

from journeys.installation import Installation

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
TALLEST, HEAVIEST = 1600, 150 * 1024  # pixels, bytes of a picture

#: Kilobytes (1024) after gzip, from the interface guide.
BUDGET = {"html": 30.0, "css": 15.0, "js": 25.0}
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: Waits for all pictures of a page, also those below the fold; throws when one can't be shown.
_PICTURES_STAND = """async () => {
  for (const one of document.images) one.loading = "eager";
  await Promise.all([...document.images].map((one) => one.decode()));
}"""


@dataclass(frozen=True)
class Weight:
    """What a page weighs on the wire, compressed, in kilobytes."""

    html: float
    css: float
    js: float


class Visitor:
    """One browser context: an account (or none), a language, one page at a time."""

    def __init__(
        self,
        context: BrowserContext,
        installation: Installation,
        account: str,
        language: str,
        faults: list[str],
    ) -> None:
        self.faults = faults  # shared by all visitors: one bad page must not hide the next one
        self.context, self.installation = context, installation
        self.account, self.language = account, language
        self.complaints: list[str] = []
        self.page = self.open_tab()

    def open_tab(self) -> Page:
        """A tab more; what its pages complain about in the console is kept."""
        page = self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        # Chromium reports each refused request (403, 409, 412, 422 …) as an error: these are answers, not faults.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        """Open an address of the installation."""
        try:
            self.page.goto(self.installation.address + path)
        except Error as error:
            # The page was on its way elsewhere by itself, as after a signature: once it is there, this goes on.
            if "ERR_ABORTED" not in error.message:
                raise
            self.page.wait_for_load_state()
            self.page.goto(self.installation.address + path)
        return self.page

    def sign_in(self) -> None:
        """Type the address and the password of the account."""
        self.go("/account/login/")
        self.page.locator("[name=login]").fill(self.account)
        self.page.locator("[name=password]").fill(self.installation.password)
        self.page.locator("main form button.primary").click()
        expect(self.page.locator("nav.rail")).to_be_visible()

    # ------------------------------------------------------------------ what every page owes

    def look(self, name: str = "", *, unfolded: bool = False) -> Page:
        """Hold the page to the interface guide; with a name, take its picture when pictures are wanted.

        Args:
            unfolded: look once more at everything that is folded up at first.
        """
        page = self.page
        page.wait_for_load_state("networkidle")
        page.evaluate(_PICTURES_STAND)
        where = f"{page.url} as {self.account or 'anybody'} ({self.language})"
        if name and os.environ.get("ATMPXB_SCREENSHOTS") == "1":
            self._picture(f"{name}-{self.language}.png")
        self._accessible(f"{where}, 1280 px, light")
        page.set_viewport_size({"width": 820, "height": 1180})
        page.emulate_media(color_scheme="dark")
        self._accessible(f"{where}, 820 px, dark")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.emulate_media(color_scheme="light")
        if unfolded:
            page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
            self._accessible(f"{where}, unfolded")
        weight = self.weight()
        for kind, limit in BUDGET.items():
            if getattr(weight, kind) > limit:
                self.faults.append(f"{where}: {kind} weighs {getattr(weight, kind):.1f} of {limit} KB")
        self.faults += [f"{where} complains: {complaint}" for complaint in self.complaints]
        self.complaints.clear()
        return page

    def _picture(self, name: str) -> None:
        """The upper part of the page in a window as tall as the picture: bars and rail stand where they should."""
        page = self.page
        tall = page.evaluate("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom + scrollY)")
        page.set_viewport_size({"width": 1280, "height": max(480, min(TALLEST, tall))})
        page.evaluate("scrollTo(0, 0)")
        _keep(page.screenshot(caret="initial", animations="disabled"), name)
        page.set_viewport_size({"width": 1280, "height": 800})

    def _accessible(self, where: str) -> None:
        page = self.page
        page.wait_for_timeout(120)  # colours change over some frames; axe must see where they end
        # Evaluated, not added as a script: the page keeps its own security policy meanwhile.
        page.evaluate(_AXE)
        asked = {"runOnly": {"type": "tag", "values": _TAGS}, "resultTypes": ["violations"], "preload": False}
        found: dict[str, Any] = page.evaluate("asked => axe.run(document, asked)", asked)
        for one in found["violations"]:
            nodes = [f"{node['html'][:200]} ({node.get('failureSummary', '')[:300]})" for node in one["nodes"][:3]]
            self.faults.append(f"{where}: {one['id']}: {one['help']}: {nodes}")
        wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > room:
            self.faults.append(f"{where} is {wide} px wide: it scrolls sideways")

    def weight(self) -> Weight:
        """Of the page in sight, with all styles and scripts that it names."""
        page = self.page
        linked: dict[str, list[str]] = page.evaluate(
            """() => ({css: [...document.querySelectorAll('link[rel=stylesheet]')].map((one) => one.href),
                       js: [...document.scripts].filter((one) => one.src).map((one) => one.src)})"""
        )
        css, js = (sum(_transferred(address) for address in linked[kind]) for kind in ("css", "js"))
        html = self.context.request.get(page.url).body()
        return Weight(len(gzip.compress(html)) / 1024, css / 1024, js / 1024)


@functools.cache
def _transferred(address: str) -> int:
    """Bytes that a browser gets for a style or script."""
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return len(answer.read())


def _keep(shot: bytes, name: str) -> None:
    """Store a picture with a palette, as small as documentation needs it."""
    picture = Image.open(BytesIO(shot)).convert("RGB")
    for colours in (256, 128, 64, 32):
        packed = BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= HEAVIEST:
            break
    assert packed.tell() <= HEAVIEST, f"{name} is {packed.tell()} bytes with 32 colours"
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(packed.getvalue())
