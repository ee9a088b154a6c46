"""The left rail: per role the kinds of work, named by work. Only what is installed shows."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of work in the rail. ``view`` is a URL name; its address carries the organisation."""

    icon: str
    title: str | Promise
    view: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A rail item with its address on this page."""

    icon: str
    title: str | Promise
    url: str
    current: bool


#: What each role is called on the page.
ROLES: dict[str, str | Promise] = {
    "analyst": _("Analyst"),
    "reviewer": _("Reviewer"),
    "qp": _("Qualified person"),
    "client": _("Client"),
    "operator": _("Operator"),
    "trainee": _("Trainee"),
    "programme_manager": _("Programme manager"),
    "administrator": _("Administrator"),
}

_CASES = Item("cases", _("Cases"), "quality:cases")
_CERTIFICATES = Item("certificates", _("Certificates"), "quality:certificates")
_METHODS = Item("methods", _("Methods"), "quality:methods")
_BATCHES = Item("batches", _("Batches"), "quality:batches")
_FAILED = Item("failed", _("Failed work"), "quality:failures")
_LEDGER = Item("ledger", _("Ledger"), "quality:ledger")
_PRODUCTS = Item("products", _("Products"), "quality:products")

#: The rail of each role, its home first.
RAILS: dict[str, tuple[Item, ...]] = {
    "analyst": (
        Item("today", _("Today"), "quality:worklist"),
        Item("receive", pgettext_lazy("navigation", "Receive"), "quality:receive"),
        Item("runs", _("Runs"), "quality:runs"),
        Item("samples", _("Samples"), "quality:samples"),
        Item("instruments", _("Instruments"), "quality:instruments"),
        _METHODS,
    ),
    "reviewer": (
        Item("review", _("To review"), "quality:reviews"),
        _CASES,
        Item("trends", _("Trends"), "quality:trends"),
        _METHODS,
        _FAILED,
        _LEDGER,
    ),
    "qp": (
        Item("board", _("Board"), "quality:board"),
        Item("release", pgettext_lazy("navigation", "Release"), "quality:releases"),
        _CERTIFICATES,
        _CASES,
        Item("recall", pgettext_lazy("navigation", "Recall"), "quality:recall"),
        _PRODUCTS,
        _FAILED,
        _LEDGER,
    ),
    "client": (
        _BATCHES,
        Item("requests", _("Requests"), "quality:requests"),
        _PRODUCTS,
        Item("find", _("Find a test"), "network:directory"),
        _CERTIFICATES,
        Item("vouchers", _("Vouchers"), "vouchers:home"),
    ),
    "operator": (Item("room", _("This room"), "biomaterials:room"),),
    "trainee": (
        Item("learning", _("Learning"), "training:home"),
        Item("catalogue", _("Catalogue"), "training:catalogue"),
        Item("credentials", _("Credentials"), "training:credentials"),
    ),
    "programme_manager": (
        Item("calls", _("Calls"), "vouchers:calls"),
        Item("applications", _("Applications"), "vouchers:applications"),
        Item("claims", _("Claims"), "vouchers:claims"),
        Item("indicators", _("Indicators"), "vouchers:indicators"),
    ),
    "administrator": (
        Item("people", _("People"), "quality:people"),
        Item("settings", _("Organisation"), "quality:organisation"),
        _LEDGER,
        _FAILED,
        _METHODS,
    ),
}


def address(view: str, organisation: str) -> str | None:
    """The address of a view inside an organisation, or None where that system is not installed."""
    try:
        return reverse(view, kwargs={"organisation": organisation})
    except NoReverseMatch:
        return None


def rail(role: str, organisation: str, path: str) -> tuple[Entry, ...]:
    """The rail of a role, with the entry marked whose address is the longest beginning of ``path``."""
    found = [(item, url) for item in RAILS.get(role, ()) if (url := address(item.view, organisation)) is not None]
    here = max((url for _item, url in found if path.startswith(url)), key=len, default="")
    return tuple(Entry(item.icon, item.title, url, url == here) for item, url in found)
