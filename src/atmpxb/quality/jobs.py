"""The jobs of the competence centre. A job carries identifiers only and may come twice."""

from uuid import UUID

from atmpxb.quality.actions import analyses, certificates
from atmpxb.records.jobs import job
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Person
from atmpxb.records.people.queries import workplaces


def _actor(organisation: str, person: str) -> Actor:
    """The person who asked for the job, with the roles of now."""
    who = Person.objects.get(pk=UUID(person))
    for place in workplaces(who):
        if place.organisation.pk == UUID(organisation):
            return Actor(who.pk, who.name, place.organisation.pk, frozenset(place.roles), place.function)
    raise Membership.DoesNotExist(f"{who.email} no longer works there; ask for the job again")


@job(analyses.JOB)
def analyse(organisation: str, actor: str, analysis: str) -> None:
    """Calculate an analysis that was asked for."""
    analyses.perform(actor=_actor(organisation, actor), analysis_id=UUID(analysis))


@job(certificates.JOB)
def issue(organisation: str, actor: str, certificate: str) -> None:
    """Checkpoint, render, seal and publish an approved certificate."""
    certificates.issue(actor=_actor(organisation, actor), certificate_id=UUID(certificate))


