"""The jobs of the competence centre. A job carries identifiers only and may come twice."""

from functools import partial
from uuid import UUID

from atmpxb.quality.actions import analyses, certificates, failures
from atmpxb.records.jobs import job
from atmpxb.records.ledger.checkpoints import make_checkpoint
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.queries import actor_in
from atmpxb.records.signatures.actions import signing_client


class Departed(Exception):
    """Who asked for a job holds no role any more."""


def _actor(organisation: str, person: str) -> Actor:
    """The person who asked for the job, with the roles of now."""
    found = actor_in(UUID(person), UUID(organisation))
    if not found.roles:
        raise Departed(f"{found.name} no longer works there: somebody else asks for it again")
    return found


@job(analyses.JOB, give_up=partial(failures.give_up, analyses.JOB))
def analyse(organisation: str, actor: str, analysis: str) -> None:
    """Calculate an analysis that was asked for."""
    analyses.perform(actor=_actor(organisation, actor), analysis_id=UUID(analysis))


@job(certificates.JOB, give_up=partial(failures.give_up, certificates.JOB))
def issue(organisation: str, actor: str, certificate: str) -> None:
    """Checkpoint, render, seal and publish an approved certificate."""
    certificates.issue(actor=_actor(organisation, actor), certificate_id=UUID(certificate))


@job(failures.CHECKPOINT, give_up=partial(failures.give_up, failures.CHECKPOINT))
def checkpoint(organisation: str, actor: str) -> None:
    """Sign how far the chain reaches, and hand that to every partner. No role is needed: nothing else is written."""
    make_checkpoint(actor=actor_in(UUID(actor), UUID(organisation)), sign=signing_client())
