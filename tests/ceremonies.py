"""What several tests let people do to a scene: hold every role, sign in somebody else's place."""

from atmpxb.quality.actions import certificates
from atmpxb.quality.models import Certificate
from atmpxb.records.people import actions as people
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Person, Role
from atmpxb.records.people.queries import actor_for
from scenes import Scene
from scenes import story as tale

EVERYTHING = (Role.ANALYST, Role.REVIEWER, Role.QP)


def with_all_roles(story: Scene, account: Actor) -> Actor:
    """The same person, now holding every role of the laboratory: only segregation can stop them."""
    person = story.get(Person, pk=account.person_id)
    for role in EVERYTHING:
        if str(role) not in account.roles:
            people.grant_role(actor=story.administrator(), person=person, role=role, function="Everything")
    actor = actor_for(person, tale.LAB)
    assert actor is not None
    assert actor.roles == {str(role) for role in EVERYTHING}
    return actor


def approve(story: Scene, by: Actor, kind: str = "final", reason: str = "") -> Certificate:
    """Somebody of the laboratory approves the certificate of the scene's order."""
    digest = story.seen_certificate(kind, reason=reason)
    with story.as_(by):
        order = story.order_for_approval()
    return certificates.approve_certificate(
        actor=by, order=order, kind=Certificate.Kind(kind), language="en", proof=story.who.proof(by), seen=digest,
        reason=reason,
    )  # fmt: skip
