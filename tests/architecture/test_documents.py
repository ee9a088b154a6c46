"""The documentation says what is so: links lead somewhere, commands exist, generated pages are up to date."""

import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from atmpxb.platform import commands

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "atmpxb"
SCREENSHOTS = ROOT / "docs" / "screenshots"
#: Pages that the browser tests take a picture of, in each language.
PICTURED = ("login", "worklist", "receive", "run", "review", "approve", "certificate", "verify", "batches", "batch",
            "request", "board", "ledger", "result", "people", "person", "organisation", "labels", "trial")  # fmt: skip
LANGUAGES = ("en", "nl")

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:\./dev |^|`|\$ )atmpxb ([a-z][a-z-]*)", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    folders = (ROOT / "docs", SOURCE, ROOT / "bench", ROOT / "examples")
    return sorted([*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))])


def headings(path: Path) -> set[str]:
    """The anchors of a document, as code hosts make them from its headings."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(path: Path) -> Iterator[str]:
    """Each relative link of a document that leads nowhere."""
    for link in _LINK.findall(_FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        if found.parent == SCREENSHOTS:
            yield from () if known_picture(found) else [link]
        elif not found.exists() or (anchor and anchor not in headings(found)):
            yield link


def known_picture(path: Path) -> bool:
    """Whether the browser tests make this picture; once they have made any, it must be there."""
    page, _, language = path.stem.rpartition("-")
    named = page in PICTURED and language in LANGUAGES
    return named and (path.is_file() or not any(SCREENSHOTS.glob("*.png")))


def test_every_relative_link_leads_somewhere() -> None:
    found = [f"{path.relative_to(ROOT)}: {link}" for path in documents() for link in broken(path)]
    assert not found, "\n".join(found)


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One title\n[a](#one-title) [b](#another) [c](gone.md) [d](page.md#one-title) [e](https://x.example)"
    )
    assert list(broken(page)) == ["#another", "gone.md"]


@pytest.mark.parametrize("name", ["states.md", "permissions.md"])
def test_pages_that_follow_from_the_program_are_up_to_date(name: str) -> None:
    # In a process of its own: other tests register actions of theirs.
    asked = [sys.executable, "-m", "atmpxb.platform.cli", "docs", name.removesuffix(".md"), "--check"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, f"run ./dev atmpxb docs\n{found.stdout}{found.stderr}"


def test_every_command_that_a_document_names_exists() -> None:
    known = {module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)}
    named = {
        (path.relative_to(ROOT).as_posix(), word)
        for path in documents()
        for word in _COMMAND.findall(path.read_text("utf-8"))
    }
    assert len(named) > 10
    assert not {(path, word) for path, word in named if word not in known}


def test_every_package_folder_says_what_it_is_for() -> None:
    silent = []
    for package in SOURCE.rglob("__init__.py"):
        folder = package.parent
        modules = [path for path in folder.glob("*.py") if path != package]
        carried = {"migrations", "templatetags"} & set(folder.parts)
        if modules and not carried and not (folder / "README.md").is_file():
            silent.append(folder.relative_to(ROOT).as_posix())
    assert not silent, f"without a README.md: {', '.join(sorted(silent))}"


def test_the_guide_tells_the_same_in_both_languages() -> None:
    english, dutch = ({path.name: path for path in (ROOT / "docs/guide" / one).glob("*.md")} for one in LANGUAGES)
    assert len(english) >= 7
    assert english.keys() == dutch.keys()
    for name, page in english.items():
        outline = [re.findall(r"^#+(?= )", path.read_text("utf-8"), re.MULTILINE) for path in (page, dutch[name])]
        assert outline[0] == outline[1], f"{name}: the headings differ"
