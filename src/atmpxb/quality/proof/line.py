"""One line of a verification."""

from dataclasses import dataclass

from atmpxb.notes import Fact, say


@dataclass(frozen=True, slots=True)
class Line:
    """A check, whether it holds, and a sentence. ``ok`` None: said, but not judged or not judgeable here."""

    check: str
    ok: bool | None
    said: Fact

    @property
    def message(self) -> str:
        """The sentence in English."""
        return say(self.said)
