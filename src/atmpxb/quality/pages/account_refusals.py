"""What refusals of the administrator's actions say: accounts, roles, sites, keys."""

from django.utils.translation import gettext as _

from atmpxb.records.people import actions as people
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import LockedElsewhere, NotLocked

type Words = tuple[str, str, str]  # what failed, what cures it, who can


def words_of(error: Exception) -> Words | None:
    """What to say about an error of these actions; None for any other."""
    return _of_roles(error) or _of_accounts(error) or _of_places(error)


def _of_roles(error: Exception) -> Words | None:
    match error:
        case people.RolesConflict():
            return (
                _("An administrator holds no role that touches GMP records in the same organisation"),
                _("Give the roles to two persons, or end one of them first"),
                "",
            )
        case people.RoleHeld():
            role = Role(error.args[0]).label
            return (
                _("The person holds this role here already: %(role)s") % {"role": role},
                _("Choose another role, or end this one first"),
                "",
            )
        case people.RoleEnded():
            return _("This role ended before"), _("Load the page again: it shows the roles of now"), ""
        case people.LastAdministrator():
            return (
                _("Nobody else administers this organisation"),
                _("Give somebody else the role of administrator first"),
                "",
            )
        case people.NoRoleHere():
            return _("The person holds no role here"), _("Grant a role, or reopen the access, first"), ""
        case people.StillHere():
            return _("The person holds a role here"), _("There is nothing to reopen: grant a further role instead"), ""
    return None


def _of_accounts(error: Exception) -> Words | None:
    match error:
        case people.OwnAccount():
            return (
                _("Nobody does this for the own account"),
                _("Ask another administrator; change your own password under your name"),
                str(Role.ADMINISTRATOR.label),
            )
        case people.WorksElsewhere():
            return (
                _("This account also acts for another organisation, which has not agreed"),
                _("Let the person use “Forgot your password?” on the sign-in page"),
                "",
            )
        case people.IdentityAlreadyVerified():
            return _("This identity is confirmed already"), _("Nothing needs doing"), ""
        case LockedElsewhere():
            return (
                _("Signing was locked by attempts for another organisation"),
                _("Wait until %(until)s, or let an administrator there unlock it")
                % {"until": f"{error.args[0]:%H:%M} UTC"},
                "",
            )
        case NotLocked():
            return _("Signing is not locked for this person"), _("Nothing needs doing"), ""
    return None


def _of_places(error: Exception) -> Words | None:
    match error:
        case people.CodeTaken():
            return _("This code is taken"), _("Choose another code"), ""
        case people.UnusableCode():
            return _("This code can't stand in an address"), _("Small letters and digits, with hyphens between."), ""
        case people.UnusableName():
            return _("This name is empty or too long"), _("Give 1 to 64 characters"), ""
        case people.UnknownCountry() | people.UnknownZone():
            return _("No such country or time zone"), _("Choose one of the list"), ""
    return None
