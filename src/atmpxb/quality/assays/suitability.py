"""Was the run fit to give a result? System-suitability criteria and the files a method needs.

A criterion that can't be judged has not passed: ``passed`` is then None, and a result that hangs on it waits
for a person.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from atmpxb.notes import listed, note
from atmpxb.quality.assays.seam import AssayError, Check, Criterion, Method, RawFile, Words

NOT_JUDGED = note("check.not_judged", "could not be judged")


def judge(method: Method, measures: Mapping[str, float | int | None], sample: str = "") -> tuple[Check, ...]:
    """Judge every suitability criterion of a method; bounds are inclusive.

    Args:
        measures: what the kind computed, by name, in the unit of the criterion. None, NaN or an absent name
            means that there is no such number, which is not a pass.
        sample: the label, where the measures belong to one sample.
    """
    return tuple(_judged(criterion, measures.get(criterion.measure), sample) for criterion in method.suitability)


def criterion_text(criterion: Criterion) -> str:
    """The bounds as a reader sees them.

    >>> criterion_text(Criterion("slope", {}, "slope", "-3.60", "-3.10"))
    '≥ -3.60, ≤ -3.10'
    """
    bounds = (("≥", criterion.minimum), ("≤", criterion.maximum))
    return ", ".join(f"{sign} {bound} {criterion.unit}".rstrip() for sign, bound in bounds if bound is not None)


def check_inputs(method: Method, files: Sequence[RawFile]) -> tuple[Check | AssayError, ...]:
    """One answer a role: a passed check, or an AssayError that says which files are missing or too many.

    Errors are returned and not raised, so that a page can show all of them at once; `require_inputs` raises.
    """
    answers: list[Check | AssayError] = []
    counts = Counter(file.role for file in files)
    for wanted in method.inputs:
        count = counts.pop(wanted.role, 0)
        facts = {
            "title": wanted.title or wanted.role,
            "role": wanted.role,
            "count": count,
            "minimum": wanted.minimum,
            "maximum": wanted.maximum,
        }
        if count < wanted.minimum:
            error = AssayError(
                "inputs.missing",
                "{title} ({role}): {count} of at least {minimum} files; add the missing.",
                **facts,
            )
            answers.append(error)
        elif wanted.maximum is not None and count > wanted.maximum:
            error = AssayError(
                "inputs.too_many",
                "{title} ({role}): {count} files, at most {maximum}; take the others off.",
                **facts,
            )
            answers.append(error)
        else:
            limit = Criterion("", {}, "", str(wanted.minimum), None if wanted.maximum is None else str(wanted.maximum))
            answers.append(Check(f"inputs.{wanted.role}", wanted.title, True, str(count), criterion_text(limit)))
    roles = listed(item.role for item in method.inputs)
    for role in counts:
        error = AssayError(
            "inputs.unknown_role",
            "Method {code} has no role '{role}'; its roles: {roles}.",
            code=method.code,
            role=role,
            roles=roles,
            count=counts[role],
        )
        answers.append(error)
    answers.extend(_repeated(files))
    return tuple(answers)


def require_inputs(method: Method, files: Sequence[RawFile]) -> None:
    """Raise the first problem that `check_inputs` finds."""
    for answer in check_inputs(method, files):
        if isinstance(answer, AssayError):
            raise answer


def _repeated(files: Sequence[RawFile]) -> list[AssayError]:
    """The same bytes twice in one role would count one measurement as two."""
    first: dict[tuple[str, str], str] = {}
    found = []
    for file in files:
        key = (file.role, file.sha256)
        if key not in first:
            first[key] = file.name
            continue
        error = AssayError(
            "inputs.same_file",
            "{file} holds the same bytes as {earlier}; one measurement counts once, remove one.",
            file=file.name,
            earlier=first[key],
        )
        found.append(error)
    return found


def _judged(criterion: Criterion, measure: float | int | None, sample: str) -> Check:
    title: Words = criterion.title
    if measure is None or not math.isfinite(measure):
        return Check(criterion.code, title, None, NOT_JUDGED, criterion_text(criterion), sample)
    # repr gives the shortest decimal that is this float, so a bound typed as 0.98 equals a measure of 0.98.
    observed = Decimal(measure) if isinstance(measure, int) else Decimal(repr(float(measure)))
    passed = not (
        (criterion.minimum is not None and observed < Decimal(criterion.minimum))
        or (criterion.maximum is not None and observed > Decimal(criterion.maximum))
    )
    return Check(
        criterion.code,
        title,
        passed,
        f"{observed} {criterion.unit}".rstrip(),
        criterion_text(criterion),
        sample,
    )
