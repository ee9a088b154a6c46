"""The only module that knows the queue (procrastinate, in the same PostgreSQL).

A job is put into the queue inside the transaction of the action that asks for it, so a rolled-back action leaves no
job. It is delivered at least once; the row that it works on, under a lock, decides that its result is written once.
"""

import json
from collections.abc import Callable, Mapping

from django.db import connection
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Status

#: After so many tries a job is given up, for a person to look at.
ATTEMPTS = 3

#: What is said of a job whose worker died each time, so that nobody caught an error.
DIED = "the worker ended in the middle of it"

#: Told once when a job is given up: its number, its identifiers, the error.
type GiveUp = Callable[[int, Mapping[str, str], str], None]
_give_up: dict[str, GiveUp] = {}
_told: set[int] = set()


def job[**P](name: str, *, give_up: GiveUp) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a job. Its arguments are identifiers as text, never data.

    Args:
        give_up: records for people that the job failed for the last time; harmless when told twice.
    """

    def decorate(run: Callable[P, None]) -> Callable[P, None]:
        def attempt(context: JobContext, /, *args: P.args, **identifiers: P.kwargs) -> None:
            try:
                run(*args, **identifiers)
            except Exception as error:
                if context.job.attempts + 1 >= ATTEMPTS:
                    named = {key: str(value) for key, value in identifiers.items()}
                    give_up(context.job.id or 0, named, f"{type(error).__name__}: {error}")
                raise

        _give_up[name] = give_up
        # The queue counts the tries after the first one.
        app.task(name=name, retry=RetryStrategy(max_attempts=ATTEMPTS - 1, wait=2), pass_context=True)(attempt)
        return run

    return decorate


def enqueue(name: str, **identifiers: str) -> int:
    """Put a job into the queue of the present transaction; it starts when that commits. Returns its number."""
    return app.configure_task(name=name, allow_unknown=True).defer(**identifiers)


@app.periodic(cron="* * * * * */10")
@app.task(name="jobs.rescue", queueing_lock="jobs.rescue", pass_context=False)
async def rescue(timestamp: int) -> None:
    """Give jobs of a worker that died back to the queue; what has killed its workers too often has failed."""
    for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=10):
        if stalled.attempts + 1 < ATTEMPTS:
            await app.job_manager.retry_job(stalled)
        else:
            await app.job_manager.finish_job(stalled, Status.FAILED, delete_job=False)


@app.periodic(cron="* * * * * */10")
@app.task(name="jobs.report", queueing_lock="jobs.report", pass_context=False)
def report(timestamp: int) -> None:
    """Record for people every job that failed without a word, because its worker died or the database was away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args::text FROM procrastinate_jobs WHERE status = 'failed' AND task_name = ANY(%s)",
            [list(_give_up)],
        )
        failed = [row for row in cursor.fetchall() if row[0] not in _told]
    for number, name, identifiers in failed:
        _give_up[name](number, json.loads(identifiers), DIED)
        _told.add(number)


class JobsLeft(RuntimeError):
    """Some jobs could not be done."""


def drain() -> None:
    """Do every job that waits, here and now, then return: for commands that run without a worker.

    Raises:
        JobsLeft: a job failed, or failed once and waits for its next try.
    """
    worker: DjangoConnector = app.connector  # type: ignore[assignment]
    with app.replace_connector(worker.get_worker_connector()) as working:
        working.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status FROM procrastinate_jobs"
            " WHERE status = 'failed' OR (status = 'todo' AND attempts > 0)"
        )
        if left := cursor.fetchall():
            raise JobsLeft(", ".join(f"{name} is {status}" for name, status in left) + "; the log says why")


__all__ = ["ATTEMPTS", "DIED", "JobsLeft", "drain", "enqueue", "job", "report", "rescue"]
