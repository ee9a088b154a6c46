"""Who had a hand in a run, read from the ledger, so that no deed can be forgotten.

Every entry about a run, about a row that hangs on it or about a sample that it tests counts as work, whatever its
event is called. Only the events named here do not; an event that nobody thought of bars its actor from judging.
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db import models

from atmpxb.quality.models import Analysis, Run, Test
from atmpxb.records.ledger.models import LedgerEntry

#: What reviewers do as such: judging work is not doing it. Who approves must not have done this either.
JUDGING = frozenset({"entry.checked", "exception.disposed", "run.returned", "run.reviewed", "run.invalidated"})

#: What the worker writes by itself, in the name of the person whose deed completed the run.
FOLLOWING = frozenset({"analysis.queued", "analysis.finished", "analysis.failed", "analysis.superseded"})

#: Stopping work out of doubt is open to everybody.
CAUTION = frozenset({"sample.put_on_hold", "run.reopened"})


def performers(run: Run) -> set[UUID]:
    """Everyone who did some of the work of a run; they neither review nor approve it."""
    return by_run([run])[run.pk]


def by_run(runs: Collection[Run]) -> dict[UUID, set[UUID]]:
    """The performers of each run, by the run's identifier."""
    return _actors(runs, JUDGING | FOLLOWING | CAUTION)


def involved(runs: Collection[Run]) -> set[UUID]:
    """Everyone who performed or judged some of the runs; they don't approve a certificate over them."""
    return {person for people in _actors(runs, FOLLOWING | CAUTION).values() for person in people}


def _actors(runs: Collection[Run], excluded: Collection[str]) -> dict[UUID, set[UUID]]:
    subjects = _subjects(runs)
    found: dict[UUID, set[UUID]] = {run.pk: set() for run in runs}
    entries = LedgerEntry.objects.filter(
        organisation_id__in={run.organisation_id for run in runs}, subject__in=subjects
    )
    for entry in entries.exclude(event__in=excluded):
        for run in subjects[entry.subject]:
            found[run].add(UUID(entry.content["actor"]["person"]))
    return found


def _subjects(runs: Collection[Run]) -> dict[UUID, set[UUID]]:
    """Identifier of every record that an entry about these runs can be about → the runs it belongs to."""
    subjects: dict[UUID, set[UUID]] = defaultdict(set)
    for run in runs:
        subjects[run.pk].add(run.pk)
    for model, path in hanging():
        for subject, run_id in model._base_manager.filter(**{f"{path}__in": runs}).values_list("pk", path):
            subjects[subject].add(run_id)
    for sample, run_id in Test.objects.filter(run__in=runs).values_list("sample", "run"):
        subjects[sample].add(run_id)
    return subjects


def hanging() -> list[tuple[type[models.Model], str]]:
    """Every model whose rows hang on a run, with the path to it: directly, or through an analysis."""
    own = [(one.related_model, one.field.name) for one in Run._meta.related_objects]
    further = [(one.related_model, f"{one.field.name}__run") for one in Analysis._meta.related_objects]
    return [(model, path) for model, path in (*own, *further) if isinstance(model, type)]
