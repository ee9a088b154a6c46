"""From files dropped to results: the demo batch, through the web server and the worker that `up` starts.

Four FCS files of 200,000 events by 12 channels, one 96-well plate and a counter's export are sent one after another,
as a browser does; the clock stops when the last result stands.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from time import perf_counter
from urllib.parse import quote, urlencode

from bench.figure import Figure, at_most

LIMIT = 5.0  # seconds on two cores
PATIENCE = 120.0


def run() -> list[Figure]:
    root = Path(tempfile.mkdtemp(prefix="atmpxb-journey-"))
    root.chmod(0o711)
    try:
        with running(root / "home") as (port, ready):
            return [at_most("first start with the demo", ready, "s", 60.0), *_measure(root / "home", port)]
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def running(home: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "atmpxb.platform.cli", "--home", str(home), "up", "--port", str(port)]
    began = perf_counter()
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _healthy(port):
            if process.poll() is not None or perf_counter() - began > PATIENCE:
                raise RuntimeError("`atmpxb up` did not get ready")
            time.sleep(0.1)
        yield port, perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _healthy(port: int) -> bool:
    try:
        return Browser(port).request("GET", "/healthz")[0] == 200
    except OSError:
        return False


class Browser:
    """Just enough of one: keeps cookies, sends the CSRF token."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, SimpleCookie()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {"Cookie": "; ".join(f"{key}={one.value}" for key, one in self.cookies.items())}
        if "csrftoken" in self.cookies:
            said["X-CSRFToken"] = self.cookies["csrftoken"].value
        connection.request(method, path, body or None, {**said, **headers})
        answer = connection.getresponse()
        for value in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.load(value)
        found = answer.status, answer.read()
        connection.close()
        return found

    def sign_in(self, email: str, password: str) -> None:
        _, page = self.request("GET", "/account/login/")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, "the sign-in page has no form"
        form = {"csrfmiddlewaretoken": token[1].decode(), "login": email, "password": password}
        kind = "application/x-www-form-urlencoded"
        status, _ = self.request("POST", "/account/login/", urlencode(form).encode(), **{"Content-Type": kind})
        assert status == 302, f"signing in answered {status}"


def _measure(home: Path, port: int) -> list[Figure]:
    from atmpxb.platform import connection
    from atmpxb.platform.home import Home

    os.environ.update(connection.environment(Home(home)))
    import django

    django.setup()
    from atmpxb.platform.demo import files, story

    password = re.search(r"password (\S+)", (home / "greeting.txt").read_text())
    assert password
    who = story.cast(password[1])
    labels = {"flow": "BENCH-1.A", "dna": "BENCH-1.B"}
    known = {aliquot: labels.get(aliquot, f"BENCH-1.{aliquot}") for aliquot in ("flow", "dna", "partner", "sterility")}
    order = story.accept_and_receive(who, story.request_batch(who, "BENCH-1", "P-BENCH"), known)
    opened = story.open_runs(who, order)
    story.write_bench(who, opened, ("cell_count", "observation"))
    browser = Browser(port)
    browser.sign_in("analyst@sure.example", password[1])
    dropped = [("flow", *tube) for tube in files.tubes(labels["flow"], 5)]
    dropped += [("qpcr", *files.plate({labels["dna"]: 1.8}, 5)), ("cell_count", *files.counts(labels["flow"], 5))]
    began = perf_counter()
    for kind, name, data in dropped:
        path = f"/o/sure/runs/{opened[kind].pk}/files"
        status, answer = browser.request("PUT", path, data, **{"X-File-Name": quote(name)})
        assert status == 201, (status, json.loads(answer))
    sent = perf_counter() - began
    while _waiting(who, [str(opened[kind].pk) for kind in ("flow", "qpcr", "cell_count")]):
        assert perf_counter() - began < PATIENCE, "no results"
        time.sleep(0.02)
    return [
        at_most("files sent, read and attached", sent, "s", LIMIT),
        at_most("from files dropped to results", perf_counter() - began, "s", LIMIT),
    ]


def _waiting(who, runs: list[str]) -> bool:
    from atmpxb.quality.models import Result, Test
    from atmpxb.records.ledger.writing import acting_for

    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        tests = Test.objects.filter(run_id__in=runs)
        unfinished = any(test.run.analyses.filter(state__in=["queued", "running"]).exists() for test in tests)
        return unfinished or Result.objects.filter(test__in=tests, current=True).count() < tests.count()
