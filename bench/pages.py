"""Every page of the path: how long the server takes for it, and what it weighs on the wire.

The demo as `up` loads it, asked by the person whose page it is. Times are medians of five after a first request;
weights are after gzip, in kilobytes of 1024 bytes, as the interface guide limits them.
"""

import gzip
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.figure import Figure, at_most, seconds
from bench.journey import Browser, running

HTML, CSS, JS = 30.0, 15.0, 25.0  # KB
SLOWEST, SLOWEST_LIST = 150.0, 100.0  # ms
_ASKED_OFTEN = {"worklist", "certificate"}

#: Whose page, its name, and the way to it: an address, then what a link there must match.
PATHS = (
    ("", "login", ("/account/login/",)),
    ("analyst@sure.example", "worklist", ("/o/sure/today",)),
    ("analyst@sure.example", "receive", ("/o/sure/receive",)),
    ("analyst@sure.example", "runs", ("/o/sure/runs",)),
    ("analyst@sure.example", "run", ("/o/sure/runs", r"/o/sure/runs/[0-9a-f-]{36}")),
    ("reviewer@sure.example", "to review", ("/o/sure/reviews",)),
    ("reviewer@sure.example", "review", ("/o/sure/reviews", r"/o/sure/reviews/[0-9a-f-]{36}")),
    ("reviewer@sure.example", "result", (
        "/o/sure/reviews", r"/o/sure/reviews/[0-9a-f-]{36}", r"/o/sure/results/[0-9a-f-]{36}",
    )),
    ("qp@sure.example", "board", ("/o/sure/board",)),
    ("qp@sure.example", "approve", ("/o/sure/board", r"/o/sure/releases/[0-9a-f-]{36}")),
    ("qp@sure.example", "certificates", ("/o/sure/certificates",)),
    ("qp@sure.example", "certificate", ("/o/sure/certificates", r"/o/sure/certificates/[0-9a-f-]{36}")),
    ("qp@sure.example", "verify", ("/o/sure/certificates", r"/o/sure/certificates/[0-9a-f-]{36}", r"/verify/[^\"/]+")),
    ("qp@sure.example", "ledger", ("/o/sure/ledger",)),
    ("client@anicells.example", "batches", ("/o/anicells/batches",)),
    ("client@anicells.example", "batch", ("/o/anicells/batches", r"/o/anicells/batches/[0-9a-f-]{36}")),
    ("client@anicells.example", "request", ("/o/anicells/requests", r"/o/anicells/requests/[0-9a-f-]{36}")),
)  # fmt: skip


def run() -> list[Figure]:
    root = Path(tempfile.mkdtemp(prefix="atmpxb-pages-"))
    root.chmod(0o711)
    try:
        with running(root / "home") as (port, _):
            found = re.search(r"password (\S+)", (root / "home" / "greeting.txt").read_text(encoding="utf-8"))
            assert found
            return list(_figures(port, found[1]))
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _figures(port: int, password: str) -> Iterator[Figure]:
    people: dict[str, Browser] = {}
    heaviest = {"css": 0.0, "js": 0.0}
    found: list[tuple[str, Browser, str]] = []
    for account, name, way in PATHS:  # all ways are walked before a clock runs: the first requests load the program
        if account not in people:
            people[account] = Browser(port)
            if account:
                people[account].sign_in(account, password)
        found.append((name, people[account], _follow(people[account], way)))
    for name, browser, address in found:
        took = seconds(lambda browser=browser, address=address: _page(browser, address)) * 1000
        html = _page(browser, address)
        yield at_most(f"{name}: server", took, "ms", SLOWEST_LIST if name in _ASKED_OFTEN else SLOWEST)
        yield at_most(f"{name}: HTML", len(gzip.compress(html)) / 1024, "KB", HTML)
        for kind, links in _linked(html).items():
            weight = sum(len(_static(browser, link)) for link in links) / 1024
            heaviest[kind] = max(heaviest[kind], weight)
    yield at_most("styles of the heaviest page", heaviest["css"], "KB", CSS)
    yield at_most("scripts of the heaviest page", heaviest["js"], "KB", JS)


def _follow(browser: Browser, way: tuple[str, ...]) -> str:
    """The address at the end of a way, each step the first link of the page before that matches."""
    address = way[0]
    for pattern in way[1:]:
        found = re.search(f'href="({pattern})"', _page(browser, address).decode())
        assert found, f"{address} has no link like {pattern}"
        address = found[1]
    return address


def _page(browser: Browser, address: str) -> bytes:
    status, body = browser.request("GET", address)
    assert status == 200, f"{address} answered {status}"
    return body


def _linked(html: bytes) -> dict[str, list[str]]:
    text = html.decode()
    return {
        "css": re.findall(r'<link rel="stylesheet" href="([^"]+)"', text),
        "js": re.findall(r'<script src="([^"]+)"', text),
    }


def _static(browser: Browser, address: str) -> bytes:
    """A style or script as it comes to a browser that takes gzip."""
    status, body = browser.request("GET", urlsplit(address).path, **{"Accept-Encoding": "gzip"})
    assert status == 200, f"{address} answered {status}"
    return body
