"""What can't be judged is a failed check with its name, and the checks after it go on."""

from collections.abc import Callable, Iterable

from atmpxb.notes import note
from atmpxb.panics import is_panic
from atmpxb.quality.proof.line import Line


def guarded(check: str, lines: Callable[[], Iterable[Line]]) -> list[Line]:
    """The lines of a check. Whatever a stranger's record makes it do, the answer is a line with its name."""
    told: list[Line] = []
    try:
        told.extend(lines())
    except BaseException as error:
        if not (isinstance(error, Exception) or is_panic(error)):
            raise  # somebody wants the program to end
        what = f"{type(error).__name__} {error}"[:378]
        told.append(Line(check, False, note("check.impossible", "this can't be judged: {problem}", problem=what)))
    return told
