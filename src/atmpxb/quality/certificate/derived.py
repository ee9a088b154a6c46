"""What a certificate says in words because its documents say so: limits, choices, conclusion.

The draft takes them from here, and ``atmpxb verify`` derives them again from the attached documents and compares.
"""

from collections.abc import Mapping, Sequence

from atmpxb.quality.assays.seam import Method, Words
from atmpxb.quality.certificate.form import LANGUAGES
from atmpxb.quality.certificate.record import Conclusion, TestLine
from atmpxb.quality.certificate.sense import concluded
from atmpxb.quality.limits import SpecificationLine

type Choices = Mapping[str, Words]

CONCLUSIONS: dict[str, dict[str, str]] = {
    "complies": {
        "en": "The batch, as tested, complies with the specification.",
        "nl": "De batch voldoet, zoals getest, aan de specificatie.",
    },
    "does_not_comply": {
        "en": "The batch, as tested, does not comply with the specification.",
        "nl": "De batch voldoet, zoals getest, niet aan de specificatie.",
    },
    "undetermined": {
        "en": "Compliance with the specification is undetermined.",
        "nl": "Of de batch aan de specificatie voldoet, is niet te bepalen.",
    },
    "incomplete": {
        "en": "Compliance with the specification is undetermined: a test of it was not done.",
        "nl": "Of de batch aan de specificatie voldoet, is niet te bepalen: een test ervan is niet uitgevoerd.",
    },
    "interim": {
        "en": "Interim report: tests are pending. No conclusion on the batch can be drawn from it.",
        "nl": "Tussentijds rapport: er lopen nog tests. Over de batch kan hieruit niets worden besloten.",
    },
}


def choices(method: Method, line: SpecificationLine) -> Choices:
    """The words of an observation by the code that is recorded, where a person chose from a list."""
    asked = next((entry.choices for entry in method.entries if entry.code == line.reportable), {})
    return {**asked, **line.choices}


def shown(value: str | None, known: Choices) -> dict[str, str]:
    """What is printed in place of a recorded code; nothing for a number."""
    return dict(known.get(value or "", {}))


def limit_words(line: SpecificationLine, known: Choices) -> dict[str, str]:
    """The acceptance limit of a line as the certificate prints it."""
    limit = line.limit
    if limit is None:
        return {"en": "for information", "nl": "ter informatie"}
    if limit.words:
        said = [known.get(word, {"en": word, "nl": word}) for word in limit.words]
        return {language: " / ".join(one[language] for one in said) for language in LANGUAGES}
    text = limit.text(line.unit)
    return {"en": text, "nl": text.replace(".", ",")}


def conclusion(kind: str, tests: Sequence[TestLine]) -> Conclusion:
    """What the results say about the batch, and the sentence for it."""
    reached = concluded(kind, tests)
    words: str = reached
    if kind == "interim":
        words = "interim"
    elif reached == "undetermined" and any(test.status == "not_tested" for test in tests):
        words = "incomplete"
    return Conclusion(reached, CONCLUSIONS[words])
