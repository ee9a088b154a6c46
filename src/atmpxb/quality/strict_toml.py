"""A controlled TOML document, read strictly: every problem at once, each with the place where it stands.

A laboratory writes methods and specifications by hand. One message a run would make that a guessing game, and
a key that is silently ignored would be a rule that is silently not applied; so all problems are collected and
a key that nobody asked for is one of them.
"""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from atmpxb.notes import Note, Noted, note

#: Both languages of the product must be there before a document can be approved.
LANGUAGES = ("en", "nl")

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")


class NotToml(Noted):
    """The bytes are not a TOML document. The sentence holds the line where reading stopped."""


class Table:
    """One table of the document. Reading a key marks it as known; `finish` reports the others.

    >>> found: list[Note] = []
    >>> table = read(b'code = "A"\\ncolour = "red"', found)
    >>> table.text("code")
    'A'
    >>> table.finish()
    >>> [problem.message for problem in found]
    ["line 2: unknown key 'colour'; remove it or correct its spelling"]
    """

    def __init__(self, data: Mapping[str, Any], problems: list[Note], lines: "_Lines", path: str = "") -> None:
        self.data, self.problems, self.path = data, problems, path
        self._lines, self._known = lines, set[str]()

    def problem(self, code: str, text: str, key: str = "", /, **facts: object) -> None:
        """Note a problem of this table, or of one of its keys; ``{key}`` in the template is the key."""
        line = self._lines.find(self.path, key)
        name = re.sub(r"#(\d+)", lambda match: f" {int(match[1]) + 1}", self.path)
        said = note(code, text, **{"key": key, **facts})
        if name:
            said = note("document.table_place", "[{table}] {problem}", table=name, problem=said)
        if line:
            said = note("document.line_place", "line {line}: {problem}", line=line, problem=said)
        self.problems.append(said)

    def get(self, key: str) -> Any:
        """The value as TOML gave it, or None; the key counts as known from now on."""
        self._known.add(key)
        return self.data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; a problem when it is empty, or absent without a default."""
        value = self.get(key)
        if value is None:
            if default is None:
                self.problem("document.missing", "'{key}' is missing", key)
            return default or ""
        if not isinstance(value, str) or not value.strip():
            self.problem("document.text", "'{key}' must be a text in quotes that is not empty", key)
            return default or ""
        return value

    def code(self, key: str = "code") -> str:
        """A stable code: letters, digits and . _ : - but no blanks."""
        value = self.text(key)
        if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]*", value):
            self.problem(
                "document.code",
                "'{key}' '{value}' may hold letters, digits and . _ : - only",
                key,
                value=value,
            )
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of a closed list of words."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.problem(
                "document.one_of",
                "'{key}' is '{value}'; it must be one of {allowed}",
                key,
                value=value,
                allowed=", ".join(allowed),
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.problem("document.flag", "'{key}' must be true or false", key)
            return default
        return default if value is None else value

    def integer(self, key: str, default: int | None = None, minimum: int = 0) -> int | None:
        """A whole number of at least `minimum`, or the default."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            self.problem(
                "document.integer",
                "'{key}' must be a whole number of at least {minimum}",
                key,
                minimum=minimum,
            )
            return default
        return value

    def decimal(self, key: str, *, required: bool = False) -> str | None:
        """A decimal as text. Quotes keep its digits: 80.0 and 80 are different limits."""
        value = self.get(key)
        if value is None:
            if required:
                self.problem("document.missing", "'{key}' is missing", key)
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float):
            self.problem(
                "document.unquoted",
                "'{key}' must stand in quotes, {key} = \"{value}\", so that its digits are kept",
                key,
                value=value,
            )
            return None
        if not isinstance(value, str) or not _is_decimal(value):
            self.problem("document.decimal", "'{key}' must be a decimal with a point in quotes, such as \"80.0\"", key)
            return None
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts without repeats."""
        value = self.get(key)
        if value is None:
            if required:
                self.problem("document.missing", "'{key}' is missing", key)
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.problem("document.texts", "'{key}' must be a list of texts", key)
            return ()
        if len(set(value)) != len(value):
            self.problem("document.twice", "'{key}' names something twice", key)
        if required and not value:
            self.problem("document.empty", "'{key}' must not be empty", key)
        return tuple(value)

    def words(self, key: str = "title") -> dict[str, str]:
        """A text in every language of the product."""
        return self._words(self.get(key), key)

    def choices(self, key: str) -> dict[str, dict[str, str]]:
        """Codes with a text in every language, e.g. ``clear = { en = "Clear", nl = "Helder" }``."""
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not value:
            self.problem("document.choices", "'{key}' must be a table of codes with a text in each language", key)
            return {}
        return {code: self._words(words, f"{key}.{code}") for code, words in value.items()}

    def table(self, key: str) -> "Table | None":
        """A table inside this one, or None when it is absent."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem("document.table", "'{key}' must be a table", key)
            return None
        return Table(value, self.problems, self._lines, self._inside(key))

    def tables(self, key: str) -> tuple["Table", ...]:
        """The tables of an array ``[[key]]``, in order."""
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.problem(
                "document.tables",
                "'{key}' must be written as [[{table}]] tables",
                key,
                table=self._inside(key),
            )
            return ()
        return tuple(
            Table(item, self.problems, self._lines, f"{self._inside(key)}#{number}")
            for number, item in enumerate(value)
        )

    def free(self, key: str) -> dict[str, Any]:
        """A table of any shape, e.g. the parameters that only one assay kind understands."""
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem("document.table", "'{key}' must be a table", key)
            return {}
        return dict(value)

    def rest(self) -> dict[str, Any]:
        """Every key that was not read yet, taken as known."""
        others = {key: value for key, value in self.data.items() if key not in self._known}
        self._known.update(others)
        return others

    def finish(self) -> None:
        """Report the keys that nobody read."""
        for key in self.data:
            if key not in self._known:
                self.problem("document.unknown_key", "unknown key '{key}'; remove it or correct its spelling", key)

    def unique(self, key: str, values: list[str]) -> None:
        """Report values that occur more than once under [[key]]."""
        for value in sorted({value for value in values if value and values.count(value) > 1}):
            self.problem("document.defined_twice", "'{value}' is defined twice under [[{key}]]", key, value=value)

    def _inside(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _words(self, value: Any, key: str) -> dict[str, str]:
        if not isinstance(value, dict):
            wanted = ", ".join(f'{language} = "…"' for language in LANGUAGES)
            self.problem("document.words", "'{key}' must be given in every language: { {wanted} }", key, wanted=wanted)
            return {}
        for language in LANGUAGES:
            if not isinstance(value.get(language), str) or not value[language].strip():
                self.problem(
                    "document.language_missing",
                    "'{key}' has no text in language '{language}'",
                    key,
                    language=language,
                )
        if others := [language for language in value if language not in LANGUAGES]:
            self.problem(
                "document.language_unknown",
                "'{key}' has the unknown language '{language}'",
                key,
                language=others[0],
            )
        return {language: text for language, text in value.items() if isinstance(text, str)}


class _Lines:
    """Where tables and keys stand in the source; None where the layout is too unusual to tell."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.starts: dict[str, int] = {"": 0}
        counts: dict[str, int] = {}
        last = ""
        for number, line in enumerate(self.lines, start=1):
            if not (header := _HEADER.match(line)):
                continue
            name = re.sub(r"\s*\.\s*", ".", header[2])
            # A table inside the newest element of an array, [entries.choices], belongs to that element.
            owner = last.split("#")[0]
            if owner and "#" in last and name.startswith(owner + "."):
                name = last + name[len(owner) :]
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                name = f"{name}#{counts[name]}"
                last = name
            self.starts.setdefault(name, number)

    def find(self, path: str, key: str) -> int | None:
        if key and (start := self.starts.get(f"{path}.{key}" if path else key)):
            return start
        if key and not path and (start := self.starts.get(f"{key}#0")):
            return start
        if path not in self.starts:
            parent, _, child = path.rpartition(".")
            return self.find(parent, child) if child else None
        start = self.starts[path]
        wanted = re.compile(rf'^\s*"?{re.escape(key.split(".")[0])}"?\s*[.=]')
        for number, line in enumerate(self.lines[start:], start=start + 1):
            if _HEADER.match(line):
                break
            if key and wanted.match(line):
                return number
        return start or None


def read(source: bytes, problems: list[Note]) -> Table:
    """Read a document.

    Raises:
        NotToml: the bytes are not UTF-8 or not TOML.
    """
    try:
        text = source.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise NotToml(
            "document.not_utf8",
            "the document is not UTF-8 text (byte {byte}); save it as UTF-8",
            byte=error.start,
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise NotToml("document.not_toml", "the document is not TOML: {error}", error=error) from error
    except RecursionError as error:
        raise NotToml("document.too_deep", "the document nests too many tables inside one another") from error
    return Table(data, problems, _Lines(text))


def _is_decimal(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]{1,3})?", text)) and Decimal(text).is_finite()
    except InvalidOperation:
        return False
