"""Method and specification documents as read: the bytes of a version never change, so each is parsed once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.limits import Limit, Specification, SpecificationLine, parse_specification
from atmpxb.records.documents.models import DocumentVersion


@lru_cache(maxsize=128)
def _method(source: str) -> Method:
    return parse(source.encode())


@lru_cache(maxsize=128)
def _specification(source: str) -> Specification:
    return parse_specification(source.encode())


def method_of(version: DocumentVersion) -> Method:
    """A method version, parsed."""
    return _method(version.source)


def specification_of(version: DocumentVersion) -> Specification:
    """A specification version, parsed."""
    return _specification(version.source)


def line_of(version: DocumentVersion, code: str) -> SpecificationLine:
    """One line of a specification version. Raises KeyError where it has no such line."""
    for line in specification_of(version).lines:
        if line.code == code:
            return line
    raise KeyError(code)


def choices_of(method: Method) -> dict[str, dict[str, str]]:
    """The words behind the codes that the worksheet of a method lets a person choose."""
    return {code: dict(words) for entry in method.entries for code, words in entry.choices.items()}


def limit_words(line: Mapping[str, Any], method: Method | None = None) -> dict[str, str]:
    """A stored specification line's limit in both languages; empty where it has none."""
    kept = line.get("limit")
    if not isinstance(kept, dict):
        return {}
    limit = Limit(**{**kept, "words": tuple(kept.get("words") or ())})
    if limit.words:
        known = {**(choices_of(method) if method else {}), **(line.get("choices") or {})}
        return {
            language: " / ".join(known.get(word, {}).get(language, word) for word in limit.words)
            for language in ("en", "nl")
        }
    text = limit.text(str(line.get("unit") or ""))
    return {"en": text, "nl": text.replace(".", ",")}
