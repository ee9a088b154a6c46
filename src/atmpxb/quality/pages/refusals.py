"""What a refusal of an action says to a person: what failed, what cures it, who can cure it."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from atmpxb.notes import Refused
from atmpxb.quality.actions import orders, raw_files, reviews
from atmpxb.quality.assays.seam import AssayError
from atmpxb.quality.engine import WrongValue
from atmpxb.quality.pages.account_refusals import words_of
from atmpxb.quality.saying import said
from atmpxb.quality.states import STATES, NotPossibleNow
from atmpxb.records.ledger.writing import NotPermitted, Overtaken
from atmpxb.records.people.models import Role
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures.signing import NoKeys, SigningError
from atmpxb.records.vault.store import Incomplete, NoRoom, TooLarge


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of the table."""

    what: str
    cure: str
    who: str = ""
    status: int = 422


class InvalidForm(ValueError):
    """A form is not filled in as it asks; nothing was tried."""

    def __init__(self, form: forms.BaseForm) -> None:
        self.form = form
        super().__init__(form.errors.as_text())


def cleaned[F: forms.BaseForm](form: F) -> F:
    """The form, filled in rightly. Raises InvalidForm with every field that is not."""
    if not form.is_valid():
        raise InvalidForm(form)
    return form


def _of_form(form: forms.BaseForm) -> tuple[Refusal, ...]:
    found = [Refusal(str(error), _("Correct what you entered")) for error in form.non_field_errors()]
    for name, errors in form.errors.items():
        if name in form.fields:
            found += [Refusal(str(form.fields[name].label or name), str(error)) for error in errors]
    return tuple(found)


def refusals_of(error: Exception) -> tuple[Refusal, ...] | None:
    """The rows for an error that an action raised by design; None for a fault in the program."""
    if words := words_of(error):
        return (Refusal(*words),)
    match error:
        case InvalidForm():
            return _of_form(error.form)
        case AssayError() if error.problems:
            cure = _("Mend the document, then choose it again")
            return tuple(Refusal(said(problem), cure) for problem in error.problems)
        case reviews.NotReady():
            return tuple(Refusal(what, cure) for what, cure in error.missing)
        case orders.MethodsMissing():
            return tuple(
                Refusal(
                    _("No effective method %(method)s for %(line)s") % {"method": method, "line": line},
                    _("Make the method effective, or let the client choose another laboratory"),
                    _("Reviewer"),
                )
                for line, method in error.missing
            )
        case NotPermitted():
            return (
                Refusal(
                    _("Your role does not allow this"),
                    _("Ask somebody who holds one of these roles"),
                    ", ".join(str(Role(role).label) for role in error.roles),
                    403,
                ),
            )
        case signatures.SigningRefused():
            what = _("The password is not right") if error.factor == "password" else _("The code is not right")
            return (Refusal(what, _("Try again; attempts left: %(left)d") % {"left": error.left}),)
        case signatures.SigningLocked():
            return (
                Refusal(
                    _("Signing is locked after too many attempts"),
                    _("Wait until %(until)s, or ask an administrator to unlock it")
                    % {"until": f"{error.args[0]:%H:%M} UTC"},
                    str(Role.ADMINISTRATOR.label),
                ),
            )
        case signatures.Changed():
            return (
                Refusal(
                    _("This has changed since you opened it"),
                    _("Load the page again, look at it, then sign"),
                    status=412,
                ),
            )
        case signatures.IdentityNotVerified():
            return (
                Refusal(_("Nobody has confirmed who you are"), _("Have your identity confirmed"), _("Administrator")),
            )
        case Overtaken():
            return (
                Refusal(
                    _("Somebody else did the same at this moment and was first; nothing of yours was written"),
                    _("Load the page again and look at what stands there now"),
                    status=409,
                ),
            )
        case NotPossibleNow():
            return (
                Refusal(
                    _("This is not possible in the present state: %(state)s") % {"state": _state(error)},
                    _("Load the page again: somebody may have moved it on"),
                    status=409,
                ),
            )
        case raw_files.FileAlreadyAttached():
            return (Refusal(said(error.note), said(error.cure), status=409),)
        case TooLarge():
            return (Refusal(_("The file is larger than this laboratory accepts"), _("Split the export"), status=413),)
        case NoRoom():
            return (
                Refusal(
                    _("The disk that holds the raw files is full; nothing was kept"),
                    _("Have space made on the server, then drop the file again"),
                    _("Administrator"),
                    507,
                ),
            )
        case Incomplete():
            return (Refusal(_("The transfer broke off"), _("Drop the file again"), status=400),)
        case NoKeys():
            return (
                Refusal(
                    _("The signing process holds no keys of this organisation"),
                    _("Put its folder of keys back, or have new keys made under Organisation"),
                    _("Administrator"),
                    503,
                ),
            )
        case SigningError():
            return (
                Refusal(
                    _("The signing process does not answer"),
                    _("Start it again; its log says why"),
                    _("Administrator"),
                    503,
                ),
            )
        case Refused():
            return (Refusal(said(error.note), said(error.cure)),)
        case AssayError() | WrongValue():
            what, _colon, cure = said(error.note).partition(": ")
            return (Refusal(what, cure),)
    return None


def _state(error: NotPossibleNow) -> str:
    """The state in the words of the pages."""
    return str(STATES[error.noun](error.state).label)
