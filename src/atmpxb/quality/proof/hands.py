"""Four eyes: each reported test was performed by one person, reviewed by another, and approved by a third.

Reads the manifests that ``manifests`` has judged. A person is told apart by the identifier in the manifest; where the
laboratory withholds it, by name.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.certificate.record import Certificate
from atmpxb.quality.proof.line import Line


def judge(certificate: Certificate, manifests: Sequence[Mapping[str, Any]]) -> Line:
    """One line about who did what.

    Args:
        manifests: those that bind this certificate, with valid seals where the issuer is known.
    """
    hands: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for manifest in manifests:
        meaning = str(manifest["meaning"])
        run = "" if meaning == "approved" else str(manifest["content"]["run"])
        hands[meaning, run].append(manifest["signer"])
    runs = sorted({line.analysis for line in certificate.tests if line.status == "approved" and line.analysis})
    problems = [problem for run in runs for problem in _run(run, hands)]
    message = note(
        "hands.three", "{count} run(s), each performed, reviewed and approved by three people", count=len(runs)
    )
    return Line("four eyes", not problems, tuple(problems[:5]) or message)


def _run(run: str, hands: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]) -> Iterator[Note]:
    performers, reviewers = hands.get(("performed", run), ()), hands.get(("reviewed", run), ())
    approvers = hands.get(("approved", ""), ())
    if not performers:
        yield note("hands.no_performer", "nobody signed {run} as performed", run=run)
    if not reviewers:
        yield note("hands.no_reviewer", "nobody signed {run} as reviewed", run=run)
    for one, other, what in (
        (reviewers, performers, note("hands.own_review", "reviewed what the same person performed")),
        (approvers, performers, note("hands.own_work", "approved what the same person performed")),
        (approvers, reviewers, note("hands.own_approval", "approved what the same person reviewed")),
    ):
        yield from (
            note("hands.same", "{run}: {name} {what}", run=run, name=a["name"], what=what)
            for a in one
            for b in other
            if _same(a, b)
        )


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    persons = one.get("person"), other.get("person")
    if all(isinstance(person, str) for person in persons):
        return persons[0] == persons[1]
    return bool(one["name"] == other["name"])
