"""Words in a picture: drawn once, kept in every language, shown in the reader's.

A picture lies in the vault as one file, so its text is English and carries the others beside it, as ``data-nl``.
``in_language`` puts one of them in its place, and writes numbers as that language does.
"""

import re
from xml.sax.saxutils import escape, quoteattr

from atmpxb.notes import Words

_TEXT = re.compile(r"<(text|title)\b([^>]*)>([^<]*)<")
_OTHER = re.compile(r' data-([a-z]{2})="([^"]*)"')
_NUMBER = re.compile(r"(?<![\w.])(\d+)\.(\d+(?:[eE][-+]?\d+)?)(?!\.?\w)")


def element(tag: str, attributes: str, words: str | Words) -> str:
    """``<text …>``: a text that is the same in every language, or one in each.

    >>> element("text", 'x="4"', {"en": "cycle", "nl": "cyclus"})
    '<text x="4" data-nl="cyclus">cycle</text>'
    """
    texts = {"en": words} if isinstance(words, str) else words
    others = [f"data-{language}={quoteattr(text)}" for language, text in texts.items() if language != "en"]
    return f"<{' '.join([tag, *filter(None, [attributes]), *others])}>{escape(texts['en'])}</{tag}>"


def commas(text: str) -> str:
    """Numbers in a text with the decimal comma; names and versions stay.

    >>> commas("slope -3.32, file_1.2.fcs, v1.2")
    'slope -3,32, file_1.2.fcs, v1.2'
    """
    return _NUMBER.sub(r"\1,\2", text)


def in_language(svg: str, language: str) -> str:
    """The picture with its words and numbers in a language.

    >>> in_language('<text x="4" data-nl="cyclus">cycle</text><text>0.5</text>', "nl")
    '<text x="4">cyclus</text><text>0,5</text>'
    """

    def told(found: re.Match[str]) -> str:
        tag, attributes, text = found[1], found[2], found[3]
        texts = dict(_OTHER.findall(attributes))
        shown = str(texts.get(language, text))
        return f"<{tag}{_OTHER.sub('', attributes)}>{commas(shown) if language == 'nl' else shown}<"

    return _TEXT.sub(told, svg)
