"""Message catalogues without gettext's programs: extract, merge, check, compile.

Keys are the English sentences of the source: of pages through gettext, of engines and actions as the templates of
notes (``atmpxb.notes``). ``update()`` brings the catalogues in line with the source,
``check()`` says what is wrong with them, ``compile_catalogues()`` makes what Django reads. Templates are
turned into Python text by Django's own ``templatize``; Babel extracts, merges and writes.
"""

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1]
LOCALE_FOLDER = PACKAGE / "web" / "locale"
#: The language of the source; its catalogue says each sentence as it stands.
SOURCE_LANGUAGE = "en"
LANGUAGES = ("en", "nl")

_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
#: What makes a note, and which of its arguments are templates; so do all errors that derive from the last two.
_NOTES: dict[str, tuple[int, ...]] = {"note": (1,), "template": (0,), "problem": (1,), "Noted": (1,), "Refused": (1, 2)}
#: ``%(name)s``, ``%s``, ``{name}`` and tags of HTML must be the same in a sentence and its translation.
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}|</?\w+[^>]*>")
_HEADERS = re.compile(
    rb'"(?:Project-Id-Version|Report-Msgid-Bugs-To|Last-Translator|Language-Team|POT-Creation-Date'
    rb'|PO-Revision-Date|Generated-By): [^"]*"\n'
)
#: Catalogues must not change when nothing has: they carry no date of today.
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)

_CLASS = re.compile(r"^class (\w+)\(([\w, ]+)\):", re.MULTILINE)

#: Context and singular: what tells two sentences apart.
type Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence in the source: file, line, singular (and plural), context."""

    path: str
    line: int
    ids: str | tuple[str, ...]
    context: str | None


def sources(package: Path = PACKAGE) -> list[Path]:
    """Python and template files that may hold sentences, sorted."""
    python = [path for path in package.rglob("*.py") if "migrations" not in path.parts]
    templates = [
        path
        for path in package.rglob("*")
        if path.suffix in (".html", ".txt") and "templates" in path.parts and path.is_file()
    ]
    return sorted(python + templates)


def extract(package: Path = PACKAGE) -> Iterator[Found]:
    """All sentences of the source, in the order of files and lines."""
    makers = makers_of_notes(package)
    for path in sources(package):
        text = path.read_text("utf-8")
        name = path.relative_to(package).as_posix()
        if path.suffix != ".py":
            text = _template_as_python(text, str(path))
        else:
            yield from _notes(name, text, makers)
            if not any(f"{keyword}(" in text for keyword in _KEYWORDS):
                continue
        for line, function, arguments, _comments in extract_python(
            BytesIO(text.encode()), _KEYWORDS, (), {"encoding": "utf-8"}
        ):
            found = _found(name, line, str(function), arguments)
            if found is not None:
                yield found


def makers_of_notes(package: Path = PACKAGE) -> dict[str, tuple[int, ...]]:
    """Name of each function, method and error that makes a note → the places of its templates."""
    bases: dict[str, set[str]] = {}
    for path in sources(package):
        if path.suffix == ".py":
            for name, parents in _CLASS.findall(path.read_text("utf-8")):
                bases.setdefault(name, set()).update(parent.strip() for parent in parents.split(","))
    found = dict(_NOTES)
    while new := [name for name, parents in bases.items() if name not in found and parents & found.keys()]:
        for name in new:
            found[name] = next(found[parent] for parent in sorted(bases[name]) if parent in found)
    return found


def calls_of_notes(text: str, makers: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[ast.Call, tuple[int, ...]]]:
    """Every call in a Python source that makes a note, with the places of its templates."""
    if not any(f"{name}(" in text for name in makers):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in makers and (isinstance(node.func, ast.Attribute) == (called == "problem")):
                yield node, makers[called]
        elif isinstance(node, ast.ClassDef) and node.name in makers:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                    yield call, makers[node.name]


def _notes(name: str, text: str, makers: Mapping[str, tuple[int, ...]]) -> Iterator[Found]:
    for call, positions in calls_of_notes(text, makers):
        for place in positions:
            said = call.args[place] if place < len(call.args) else None
            if isinstance(said, ast.Constant) and isinstance(said.value, str) and _has_words(said.value):
                yield Found(name, call.lineno, said.value, None)


def _has_words(text: str) -> bool:
    """Whether there is something to translate beside the places."""
    return any(map(str.isalpha, _PLACEHOLDER.sub("", text)))


def _template_as_python(text: str, origin: str) -> str:
    from django.utils.translation.template import templatize

    # What is not a sentence becomes a run of X; without its indentation Python's tokenizer can read it.
    return "\n".join(line.lstrip() for line in templatize(text, origin=origin).splitlines())


def _found(path: str, line: int, function: str, arguments: object) -> Found | None:
    parts: list[Any] = list(arguments) if isinstance(arguments, tuple | list) else [arguments]
    name = function.removesuffix("_lazy")
    context = parts.pop(0) if name in ("pgettext", "npgettext") else None
    count = 2 if name in ("ngettext", "npgettext") else 1
    texts = parts[:count]
    if len(texts) < count or not all(isinstance(text, str) and text for text in texts):
        return None
    return Found(path, line, texts[0] if count == 1 else (texts[0], texts[1]), context)


def template(package: Path = PACKAGE) -> Catalog:
    """The catalogue of the source: every sentence with the files it stands in, no translation."""
    catalogue = Catalog(project="atmpxb", charset="utf-8", creation_date=_EPOCH, revision_date=_EPOCH)
    places: dict[Key, set[str]] = {}
    texts: dict[Key, Found] = {}
    for found in extract(package):
        key: Key = (found.context, found.ids if isinstance(found.ids, str) else found.ids[0])
        places.setdefault(key, set()).add(found.path)
        # A sentence that also has a plural somewhere keeps it.
        if key not in texts or isinstance(found.ids, tuple):
            texts[key] = found
    for key in sorted(texts, key=lambda item: (min(places[item]), str(item[1]).lower(), item[0] or "")):
        found = texts[key]
        catalogue.add(found.ids, locations=[(path, 0) for path in sorted(places[key])], context=found.context)
    return catalogue


def path_of(language: str, folder: Path = LOCALE_FOLDER) -> Path:
    """The catalogue file of a language."""
    return folder / language / "LC_MESSAGES" / "django.po"


def read(language: str, folder: Path = LOCALE_FOLDER) -> Catalog:
    """A catalogue as it lies in the repository; an empty one where there is none."""
    path = path_of(language, folder)
    if not path.is_file():
        return Catalog(locale=language, project="atmpxb", charset="utf-8")
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def update(package: Path = PACKAGE, folder: Path = LOCALE_FOLDER) -> list[Path]:
    """Bring the catalogues in line with the source, and return those that changed.

    New sentences come in without a translation, sentences that are gone go; nothing is guessed by likeness.
    """
    wanted = template(package)
    changed = []
    for language in LANGUAGES:
        present = read(language, folder)
        merged = Catalog(locale=language, creation_date=_EPOCH, revision_date=_EPOCH, fuzzy=False)
        merged.header_comment = "# Messages of atmpxb. Keys are the English sentences of the source."
        for message in wanted:
            if not message.id:
                continue
            old = present.get(message.id, message.context)
            text = old.string if old is not None and _fits(message, old) else _blank(message, merged)
            if language == SOURCE_LANGUAGE:
                text = message.id
            merged.add(message.id, text, locations=message.locations, context=message.context)
        path = path_of(language, folder)
        if _write(path, merged):
            changed.append(path)
    return changed


def _fits(message: Message, old: Message) -> bool:
    return isinstance(message.id, str) == isinstance(old.string, str)


def _blank(message: Message, catalogue: Catalog) -> str | tuple[str, ...]:
    return "" if isinstance(message.id, str) else ("",) * catalogue.num_plurals


def _write(path: Path, catalogue: Catalog) -> bool:
    stream = BytesIO()
    write_po(stream, catalogue, width=110, omit_header=False, include_lineno=False, ignore_obsolete=True)
    # Who wrote it when, and with which tool, is in the history of the repository.
    text = _HEADERS.sub(b"", stream.getvalue())
    if path.is_file() and path.read_bytes() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return True


def check(package: Path = PACKAGE, folder: Path = LOCALE_FOLDER) -> list[str]:
    """What is wrong with the catalogues, one sentence each; empty when all is well."""
    wanted = {_key(message): message for message in template(package) if message.id}
    problems = []
    for language in LANGUAGES:
        present = {_key(message): message for message in read(language, folder) if message.id}
        for key, message in wanted.items():
            place = message.locations[0][0]
            if key not in present:
                problems.append(f"{language}: {place}: missing: {_show(key)} (run ./dev atmpxb messages update)")
            else:
                problems += [f"{language}: {place}: {what}: {_show(key)}" for what in _wrong(present[key])]
        problems += [f"{language}: no longer used: {_show(key)}" for key in present if key not in wanted]
    return problems


def _key(message: Message) -> Key:
    ids = message.id
    return (message.context, ids if isinstance(ids, str) else next(iter(ids)))


def _show(key: Key) -> str:
    return repr(key[1]) if key[0] is None else f"{key[1]!r} [{key[0]}]"


def _wrong(message: Message) -> Iterator[str]:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if message.fuzzy:
        yield "fuzzy"
    if len(texts) < len(ids) or not all(texts):
        yield "not translated"
        return
    # The singular may leave out its number; what the plural names, each form may use, and no other.
    allowed = sorted(_PLACEHOLDER.findall(ids[-1]))
    for text in texts:
        if sorted(_PLACEHOLDER.findall(text)) != allowed and not (
            len(ids) > 1 and set(_PLACEHOLDER.findall(text)) <= set(allowed)
        ):
            yield "placeholders differ"
            return
        if text.strip() != text and ids[0].strip() == ids[0]:
            yield "begins or ends with white space"
            return


def compile_catalogues(folder: Path = LOCALE_FOLDER) -> list[Path]:
    """Write the binary catalogue of each language whose source changed; return those written.

    The binary carries the modification time of the text it was made of, so a look at two times tells
    whether it is stale, whichever is newer (a checkout may turn back time). Replaced in one step: readers see
    old or new.
    """
    written = []
    for language in LANGUAGES:
        source = path_of(language, folder)
        binary = source.with_suffix(".mo")
        stamp = source.stat().st_mtime_ns
        if binary.is_file() and binary.stat().st_mtime_ns == stamp:
            continue
        stream = BytesIO()
        write_mo(stream, read(language, folder))
        fresh = binary.with_name(f".{binary.name}.{os.getpid()}")
        fresh.write_bytes(stream.getvalue())
        os.utime(fresh, ns=(stamp, stamp))
        fresh.replace(binary)
        written.append(binary)
    return written
