"""What a process writes about itself: one JSON line an event, without what people sent.

A traceback names places in the program. What an exception says may repeat a value that somebody typed, so its words
are kept only where the program or the interpreter wrote them; of a database error its code.
"""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

#: A log that grows beyond this is put aside; so many older ones stay.
LARGEST = 10 * 1024**2
KEPT = 3
#: Faults whose sentence the interpreter makes of our own names; the words of any other could repeat what somebody sent.
_OWN_WORDS = (AttributeError, ImportError, NameError, TypeError, NotImplementedError, RecursionError, MemoryError)
_LINES = {"class": "logging.StreamHandler", "formatter": "json"}

CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "atmpxb.platform.logs.JsonLines"}},
    "handlers": {"lines": _LINES},
    "root": {"handlers": ["lines"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["lines"], "level": "WARNING", "propagate": False},
        # What is refused or not found is an answer, not a fault; and its address may hold a token.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
    },
}


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = getattr(record, "request", None)
        if fault := getattr(request, "fault", ""):
            match = getattr(request, "resolver_match", None)
            line |= {"id": fault, "message": "unhandled exception", "page": getattr(match, "view_name", "")}
        if record.exc_info and record.exc_info[1]:
            line |= told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def told(error: BaseException) -> dict[str, Any]:
    """An exception as names and places: itself, and those that led to it."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        frames = traceback.extract_tb(current.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-40:]]
        name = f"{type(current).__module__}.{type(current).__qualname__}"
        chain.append({"exception": name, **_said(current), "traceback": places})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[0] | ({"led_to_by": chain[1:]} if chain[1:] else {})


def _said(error: BaseException) -> dict[str, str]:
    if isinstance(error, _OWN_WORDS):
        return {"said": str(error)}
    if isinstance(error, OSError) and error.strerror:
        return {"said": error.strerror}
    code = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    return {"sqlstate": str(code)} if code else {}


def catch(name: str) -> None:
    """Have every exception of this process that nobody handles written as a line."""
    log = logging.getLogger(f"atmpxb.{name}")

    def fault(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and issubclass(kind, Exception):
            log.error("unhandled exception", exc_info=(kind, error, trace))
        elif error is not None:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = fault
    threading.excepthook = lambda one: fault(one.exc_type, one.exc_value, one.exc_traceback)


def put_aside(log: Path) -> bool:
    """Bound a log: copy it away and empty it. Who writes has it open for appending, so writing goes on."""
    if not log.exists() or log.stat().st_size <= LARGEST:
        return False
    for number in range(KEPT, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    aside = log.with_name(f"{log.name}.1")
    aside.write_bytes(log.read_bytes())
    aside.chmod(0o600)
    with log.open("r+b") as file:
        file.truncate(0)
    return True
