"""What is committed works anywhere: no package index, no folder of one machine, no author's secrets."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Written so that this file does not match itself.
FORBIDDEN = {
    "a package index or its file host": re.compile(
        r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|proxy\.go[l]ang\.org|crates\.i[o]\b|--index-ur[l]"
    ),
    "a folder of one machine": re.compile(r"/wor[k]/|/roo[t]/\.|/hom[e]/[a-z]|/User[s]/[a-z]|[C]:\\Users"),
    "a private key": re.compile(r"BEGIN [A-Z ]*PRIVAT[E] KEY"),
    "an unresolved merge": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
}


def tracked_texts() -> dict[str, str]:
    names = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.split("\0")
    texts = {}
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file():  # removed, not yet committed
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or a font
            continue
    return texts


def test_no_tracked_file_names_a_package_index_a_machine_or_a_secret() -> None:
    texts = tracked_texts()
    assert "dev" in texts
    found = [
        f"{name}:{text[: match.start()].count(chr(10)) + 1}: {what}: {match.group()}"
        for name, text in texts.items()
        for what, pattern in FORBIDDEN.items()
        if (match := pattern.search(text))
    ]
    assert not found, "\n".join(found)


def test_the_patterns_see_what_they_are_for() -> None:
    samples = [
        "https://py" + "pi.org/simple",
        "/wo" + "rk/tree",
        "-----BEGIN PRIVATE" + " KEY-----",
        "<<<<<<< HEAD\n",
    ]
    for (what, pattern), sample in zip(FORBIDDEN.items(), samples, strict=True):
        assert pattern.search(sample), what


def test_every_requirement_is_pinned_by_hash() -> None:
    requirements = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    assert len(requirements) > 30
    assert [entry.splitlines()[0] for entry in requirements if "--hash=sha256:" not in entry] == []
