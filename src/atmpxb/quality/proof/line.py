"""One line of a verification."""

from dataclasses import dataclass

from atmpxb.notes import Note, say


@dataclass(frozen=True, slots=True)
class Line:
    """A check, whether it holds, and a sentence. ``ok`` None: said, but not judged or not judgeable here.

    What is said is a note and never a text, so that a reader is told every line in one language.
    """

    check: str
    ok: bool | None
    said: Note | tuple[Note, ...]

    @property
    def message(self) -> str:
        """The sentence in English."""
        return say(self.said)
