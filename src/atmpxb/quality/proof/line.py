"""One line of a verification."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A check, whether it holds, and a sentence. ``ok`` None: said, but not judged or not judgeable here."""

    check: str
    ok: bool | None
    message: str
