"""The only module that knows the queue (procrastinate, in the same PostgreSQL).

A job is put into the queue inside the transaction of the action that asks for it, so a rolled-back action leaves no
job. It is delivered at least once; the row that it works on, under a lock, decides that its result is written once.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from procrastinate import RetryStrategy
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


def waiting() -> dict[str, Any]:
    """How many jobs stand in each state, for the health page."""
    return {row["status"]: row["jobs_count"] for row in app.job_manager.list_queues()}


__all__ = ["ATTEMPTS", "enqueue", "job", "rescue", "timedelta", "waiting"]
