"""A lost authenticator: an administrator takes it off the account, under proof of who that is, for all to see."""

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.records.ledger.writing import action, change, record
from atmpxb.records.people.actions.accounts import OwnAccount, demand_held, works_elsewhere
from atmpxb.records.people.actions.roles import lock_account
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Person, Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.signatures.actions.proving import Proof, demand_fresh


class NoSecondFactor(Refused):
    """There is nothing to reset."""

    def __init__(self) -> None:
        super().__init__("factor.none", "This person has no second factor", "Nothing needs doing")


class FactorServesElsewhere(Refused):
    """The second factor also protects another organisation, which has not agreed."""

    def __init__(self) -> None:
        super().__init__(
            "factor.elsewhere",
            "This second factor also protects the work for another organisation",
            "Let the person sign in with a recovery code; without one, the other organisation ends the access, and"
            " reopens it once you have reset the second factor",
        )


@action("signatures.reset_factor", roles={Role.ADMINISTRATOR})
def reset_factor(*, actor: Actor, person: Person, proof: Proof, reason: str) -> Person:
    """Take the second factor and the recovery codes off the account of a person who lost them. Every session of the
    person ends; the next sign-in tells what was done, by whom and why.

    Raises:
        OwnAccount: nobody resets the own second factor.
        NoRoleHere: the person holds no role here.
        FactorServesElsewhere: the account also acts for another organisation.
        NoSecondFactor: the person has none.
        ProofSpent: the proof of who the administrator is is not fresh.
    """
    from allauth.mfa.models import Authenticator

    reason = require_reason(reason)
    if person.pk == actor.person_id:
        raise OwnAccount("nobody resets the own second factor: ask another administrator")
    lock_account(person)
    demand_held(actor, person)
    if works_elsewhere(actor, person):
        raise FactorServesElsewhere
    factors = Authenticator.objects.filter(user_id=person.pk)
    types = sorted(str(one.type) for one in factors)
    if not types:
        raise NoSecondFactor
    demand_fresh(proof, actor)
    proof.spent = True
    factors.delete()
    change(person, factor_reset_at=timezone.now())
    record("person.factor_reset", actor=actor, on=person, reason=reason, factors=types)
    return person
