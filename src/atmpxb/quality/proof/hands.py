"""Four eyes: each reported test was performed by one person, reviewed by another, and approved by a third.

Reads the manifests that ``manifests`` has judged. A person is told apart by the identifier in the manifest; where the
laboratory withholds it, by name.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
    message = f"{len(runs)} run(s), each performed, reviewed and approved by three people"
    return Line("four eyes", not problems, "; ".join(problems[:5]) or message)


def _run(run: str, hands: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    performers, reviewers = hands.get(("performed", run), ()), hands.get(("reviewed", run), ())
    approvers = hands.get(("approved", ""), ())
    for said, who in (("performed", performers), ("reviewed", reviewers)):
        if not who:
            yield f"nobody signed {run} as {said}"
    for one, other, what in (
        (reviewers, performers, "reviewed what the same person performed"),
        (approvers, performers, "approved what the same person performed"),
        (approvers, reviewers, "approved what the same person reviewed"),
    ):
        yield from (f"{run}: {a['name']} {what}" for a in one for b in other if _same(a, b))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    persons = one.get("person"), other.get("person")
    if all(isinstance(person, str) for person in persons):
        return persons[0] == persons[1]
    return bool(one["name"] == other["name"])
