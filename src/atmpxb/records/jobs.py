"""The only module that knows the queue (procrastinate, in the same PostgreSQL).

A job is put into the queue inside the transaction of the action that asks for it, so a rolled-back action leaves no
job. It is delivered at least once; the row that it works on, under a lock, decides that its result is written once.
"""

from collections.abc import Callable

from procrastinate import RetryStrategy
from django.db import connection
from procrastinate.contrib.django import app

#: After so many tries a job is left failed, for a person to look at.
ATTEMPTS = 3


def job[**P](name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a job. Its arguments are identifiers as text, never data."""

    def decorate(run: Callable[P, None]) -> Callable[P, None]:
        app.task(name=name, retry=RetryStrategy(max_attempts=ATTEMPTS, wait=2), pass_context=False)(run)
        return run

    return decorate


def enqueue(name: str, **identifiers: str) -> int:
    """Put a job into the queue of the present transaction; it starts when that commits. Returns its number."""
    return app.configure_task(name=name, allow_unknown=True).defer(**identifiers)


@app.periodic(cron="* * * * * */10")
@app.task(name="jobs.rescue", queueing_lock="jobs.rescue", pass_context=False)
async def rescue(timestamp: int) -> None:
    """Give jobs of a worker that died back to the queue."""
    for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=10):
        await app.job_manager.retry_job(stalled)


class JobsLeft(RuntimeError):
    """Some jobs could not be done."""


def drain() -> None:
    """Do every job that waits, here and now, then return: for commands that run without a worker.

    Raises:
        JobsLeft: a job failed, or failed once and waits for its next try.
    """
    with app.replace_connector(app.connector.get_worker_connector()) as working:
        working.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status FROM procrastinate_jobs WHERE status = 'failed' OR (status = 'todo' AND attempts > 0)"
        )
        if left := cursor.fetchall():
            raise JobsLeft(", ".join(f"{name} is {status}" for name, status in left) + "; the log says why")


__all__ = ["ATTEMPTS", "drain", "enqueue", "job", "rescue"]
