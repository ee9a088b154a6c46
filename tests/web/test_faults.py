"""A fault in the program leaves a line in the log and a number on the page, and nothing of what people sent."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from atmpxb.platform import logs
from atmpxb.platform.supervisor import Program


@pytest.fixture
def lines() -> Any:
    """What the web process would write."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    keep = Keep()
    keep.setFormatter(logs.JsonLines())
    logging.getLogger("django").addHandler(keep)
    yield written
    logging.getLogger("django").removeHandler(keep)


def test_the_page_shows_the_number_of_the_line(
    database: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*more: object, **options: object) -> None:
        try:
            int("Jan Janssens")
        except ValueError as error:
            raise RuntimeError("patient Jan Janssens, 12/03/1961") from error

    monkeypatch.setattr("atmpxb.quality.pages.office.public.publishing.trust_list", broken)
    page = Client(raise_request_exception=False).get(
        "/trust.json?note=Janssens", headers={"Cookie": "sessionid=secret"}
    )
    assert page.status_code == 500
    (line,) = [json.loads(one) for one in lines if "exception" in one]
    assert line["id"] in page.content.decode()
    assert (line["level"], line["page"]) == ("error", "quality:trust_list")
    assert line["exception"].endswith("RuntimeError")
    assert line["led_to_by"][0]["exception"].endswith("ValueError")
    assert any("trust_list" in place for place in line["traceback"])
    assert "Janssens" not in repr(line)
    assert "1961" not in repr(line)
    assert "secret" not in repr(line)


def test_what_is_not_found_is_no_fault(database: str, lines: list[str]) -> None:
    assert Client().get("/verify/a-token-of-somebody").status_code == 404
    assert lines == []


def test_a_log_is_bounded_while_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 1000)
    log = tmp_path / "web.log"
    program = Program("web", [], log=log, environment={})
    with log.open("ab") as writer:
        for number in range(6):
            writer.write(f"{number}".encode() * 1500)
            writer.flush()
            program.bound_log()
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["web.log", "web.log.1", "web.log.2", "web.log.3"]
    assert log.with_name("web.log.1").read_bytes() == b"5" * 1500
