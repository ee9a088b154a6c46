"""What the content security policy forbids stands in no template, and styles keep the guide's numbers."""

import gzip
import re
from itertools import chain
from pathlib import Path

import pytest

import atmpxb
from atmpxb.platform.settings import SECURE_CSP as CONTENT

PACKAGE = Path(atmpxb.__file__).parent
TEMPLATES = sorted(p for p in PACKAGE.rglob("*.html") if "templates" in p.parts)
STATIC = PACKAGE / "web" / "static" / "web"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_inline_in_a_template(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\sstyle\s*=", text), "styles belong in the style sheets"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "event handlers belong in the modules"
    assert "hx-on" not in text, "hx-on evaluates text"
    assert "<style" not in text
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or "application/json" in tag, f"inline script: {tag}"


def test_the_policy_allows_neither_inline_nor_eval() -> None:
    allowed = set(chain.from_iterable(CONTENT.values()))
    assert not allowed & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
    assert CONTENT["default-src"] == ["'none'"]


def test_nothing_in_our_modules_evaluates_text_or_writes_markup() -> None:
    for path in STATIC.glob("*.js"):
        text = path.read_text("utf-8")
        for word in ("eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write"):
            assert word not in text, f"{path.name}: {word}"


def packed(pattern: str) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in STATIC.glob(pattern))


def test_styles_and_modules_stay_within_the_budget() -> None:
    assert 0 < packed("*.css") <= 15 * 1024
    assert 0 < packed("*.js") <= 10 * 1024


# --- contrast by WCAG 2.2: relative luminance of sRGB ---


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula_gives_the_published_extremes() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def tokens() -> dict[str, dict[str, str]]:
    text = (STATIC / "tokens.css").read_text("utf-8")
    blocks = re.findall(r"([^{}]+)\{([^{}]*--surface:[^{}]*)\}", text)
    found = {}
    for selector, body in blocks:
        name = "print" if ":root[data-theme]" in selector else "dark" if "color-scheme: dark" in body else "light"
        values = dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", body))
        assert found.setdefault(name, values) == values, f"the two {name} blocks differ"
    return found


def test_the_tokens_are_those_of_the_interface_guide() -> None:
    light, dark = tokens()["light"], tokens()["dark"]
    assert (light["surface"], light["sunken"]) == ("#FFFFFF", "#F4F5F7")
    assert (light["text"], light["muted"], light["edge"]) == ("#14181F", "#505865", "#737B88")
    assert (dark["text"], dark["muted"], dark["edge"]) == ("#E8EAEE", "#A9B0BC", "#7C8696")
    names = ("complies", "fails", "attention", "undetermined")
    assert [light[n] for n in names] == ["#005EA2", "#A61B12", "#FFC430", "#646C79"]
    assert [dark[n] for n in names] == ["#5AAEFF", "#F4604C", "#FFDD70", "#A3ABB8"]


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_has_the_contrast_that_wcag_asks(theme: str) -> None:
    token = tokens()[theme]
    for ground in ("surface", "sunken"):
        for ink in ("text", "muted", "complies", "undetermined"):
            assert contrast(token[ink], token[ground]) >= 4.5, f"{ink} on {ground}"
        # The outline of an input is not text: 3:1 (WCAG 1.4.11).
        assert contrast(token["edge"], token[ground]) >= 3, f"edge on {ground}"
    assert contrast(token["fails-text"], token["fails"]) >= 4.5
    assert contrast(token["attention-text"], token["attention"]) >= 4.5
    assert contrast(token["surface"], token["text"]) >= 4.5, "the primary button"
