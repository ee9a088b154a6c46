"""The story of one batch, told once per test run and stopped at its chapters; each test continues a copy.

A laboratory across the border tests a batch of a small company, as in ``atmpxb demo``, through the product's own
actions on the real database. After each chapter the database becomes a template, so that a test that needs "a run
waits for review" gets exactly that in a few hundredths of a second, truly committed, with its vault beside it.
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Model
from django.test import override_settings

from atmpxb.platform import connection as ways
from atmpxb.platform import roles
from atmpxb.platform.demo import files, network, story
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.quality.actions import certificates
from atmpxb.quality.models import Certificate, Order, Request, Run, Sample, Test
from atmpxb.records import jobs
from atmpxb.records.ledger.chain import Break, Link, breaks
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.actions import digest_of
from atmpxb.records.vault.store import Vault

PASSWORD = "a long password of the tests"
LABELS = {"flow": "CART-0001.A", "dna": "CART-0001.B"}
SEED = 20261122
EVENTS = 5_000  # of each tube: enough for the method's own checks, quick to simulate

#: In the order of the story; each is a state of the whole network.
CHAPTERS = ("founded", "requested", "received", "opened", "measured", "submitted", "reviewed", "certified")


@dataclass
class Scene:
    """A network in the middle of its story, in a database and a vault of its own."""

    database: str
    postgres: EmbeddedPostgres
    vault: Vault
    who: story.Cast = field(init=False)

    def __post_init__(self) -> None:
        self.who = story.cast(PASSWORD)

    # ------------------------------------------------------------------ people

    @property
    def stranger(self) -> Actor:
        """An administrator of a partner that has nothing to do with the batch."""
        return network.actor("administrator", "idevax")

    def administrator(self, code: str = story.LAB) -> Actor:
        return network.actor("administrator", code)

    def organisation(self, code: str) -> Organisation:
        with acting_for(self.who.client.organisation_id, self.who.client.person_id):
            return Organisation.objects.get(code=code)

    def as_(self, actor: Actor) -> AbstractContextManager[None]:
        """Look with the eyes of an actor."""
        return acting_for(actor.organisation_id, actor.person_id)

    def get[M: Model](self, model: type[M], *related: str, by: Actor | None = None, **what: Any) -> M:
        """One row as an actor sees it, an analyst of the laboratory unless told otherwise."""
        with self.as_(by or self.who.analyst):
            rows = model._base_manager.select_related(*related) if related else model._base_manager.all()
            return rows.get(**what)

    def fresh[M: Model](self, row: M, *, by: Actor | None = None) -> M:
        """The row as it is stored now."""
        return self.get(type(row), by=by, pk=row.pk)

    # ------------------------------------------------------------------ things

    @property
    def request(self) -> Request:
        return self.get(Request, "specification", "batch")

    @property
    def order(self) -> Order:
        return self.get(Order, "request__batch__product", "request__specification", "client", "organisation")

    def sample(self, aliquot: str) -> Sample:
        return self.get(Sample, "order__request__specification", aliquot=aliquot)

    def run(self, kind: str) -> Run:
        """The newest run of an assay kind."""
        with self.as_(self.who.analyst):
            found = Run.objects.select_related("method__document").filter(kind=kind).order_by("-number").first()
        assert found is not None, f"no run of kind {kind}"
        return found

    def tests(self, **what: Any) -> list[Test]:
        with self.as_(self.who.analyst):
            return list(Test.objects.filter(**what).select_related("method__document", "sample", "order", "run"))

    def seen_certificate(self, kind: str = "final", language: str = "en", reason: str = "") -> str:
        """The digest of the draft that the approver looks at."""
        with self.as_(self.who.head):
            return digest_of(certificates.content(self.order_for_approval(), kind, language, reason))

    def order_for_approval(self) -> Order:
        return Order.objects.select_related("request__batch__product", "request__specification", "client").get()

    # ------------------------------------------------------------------ records

    def entries(self, actor: Actor) -> list[LedgerEntry]:
        """The chain of an actor's organisation."""
        with self.as_(actor):
            return list(LedgerEntry.objects.filter(organisation_id=actor.organisation_id).order_by("seq"))

    def events(self, actor: Actor, *, since: int = 0) -> list[str]:
        return [str(entry.content["event"]) for entry in self.entries(actor)[since:]]

    def links(self, actor: Actor) -> list[Link]:
        return [entry.link for entry in self.entries(actor)]

    def breaks(self, actor: Actor) -> list[Break]:
        return list(breaks(actor.organisation_id, self.links(actor)))

    def url(self, role: str) -> str:
        return self.postgres.url(role, self.database)

    def standing(self) -> dict[str, Any]:
        """All chains and every row of every organisation: equal before and after means nothing was written."""
        import psycopg

        with psycopg.connect(self.url("postgres")) as admin:
            tables = [
                name
                for (name,) in admin.execute(
                    "SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public' ORDER BY 1"
                )
            ]
            return {
                name: admin.execute(
                    f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {name} t"  # type: ignore[arg-type]
                ).fetchone()
                for name in tables
            }


def by_transaction(entries: list[LedgerEntry]) -> dict[str, list[str]]:
    """Transaction → the events it recorded, over one or more chains."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        content = json.loads(bytes(entry.payload))
        found[content["transaction"]].append(content["event"])
    return dict(found)


def organisation_of(row: Any) -> UUID:
    return UUID(str(row.organisation_id))


# ---------------------------------------------------------------------- building


def _founded() -> None:
    network.found(PASSWORD)
    story.set_up(story.cast(PASSWORD))


def _requested() -> None:
    story.request_batch(story.cast(PASSWORD), "CART-0001", "P-7F3A")


def _received() -> None:
    who = story.cast(PASSWORD)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        request = Request.objects.get()
    story.accept_and_receive(who, request, LABELS)


def _opened() -> None:
    who = story.cast(PASSWORD)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        order = Order.objects.get()
    story.open_runs(who, order)


def _runs(who: story.Cast) -> dict[str, Run]:
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        return {run.kind: run for run in Run.objects.select_related("method__document")}


def _measured() -> None:
    who = story.cast(PASSWORD)
    opened = _runs(who)
    story.attach_all(who, opened, LABELS, SEED, events=EVENTS)
    story.write_bench(who, opened)
    jobs.drain()


def _submitted() -> None:
    who = story.cast(PASSWORD)
    for run in _runs(who).values():
        story.submit(who, run)


def _reviewed() -> None:
    who = story.cast(PASSWORD)
    for run in _runs(who).values():
        story.review(who, run)


def _certified() -> None:
    who = story.cast(PASSWORD)
    with acting_for(who.head.organisation_id, who.head.person_id):
        order = Order.objects.get()
    story.approve(who, order)
    jobs.drain()


STEPS: dict[str, Callable[[], None]] = {
    "founded": _founded,
    "requested": _requested,
    "received": _received,
    "opened": _opened,
    "measured": _measured,
    "submitted": _submitted,
    "reviewed": _reviewed,
    "certified": _certified,
}


class Library:
    """Tells the story as far as a test asks for and keeps a template of each chapter."""

    def __init__(self, postgres: EmbeddedPostgres, empty: str, folder: Path, signer: Path) -> None:
        self.postgres, self.empty, self.folder, self.signer = postgres, empty, folder, signer
        self._told: dict[str, tuple[str, tuple[Path, ...]]] = {}
        self._numbers = iter(range(1, 1_000_000))

    def template(self, chapter: str) -> tuple[str, tuple[Path, ...]]:
        """Database that stands at a chapter, and the vault's files then."""
        for position, name in enumerate(CHAPTERS[: CHAPTERS.index(chapter) + 1]):
            if name not in self._told:
                before = self._told[CHAPTERS[position - 1]][0] if position else self.empty
                self._told[name] = self._tell(name, before)
        return self._told[chapter]

    def _tell(self, chapter: str, before: str) -> tuple[str, tuple[Path, ...]]:
        name = f"chapter_{chapter}"
        roles.clone(self.postgres.admin_url(), before, name)
        with (
            override_settings(
                VAULT=self.folder / "vault",
                CHECKPOINT_LOG=self.folder / "checkpoints",
                SIGNER_SOCKET=str(self.signer),
            ),
            connected(self.postgres, name),
        ):
            STEPS[chapter]()
        disconnect_workers(self.postgres, name)
        return name, tuple(path for path in (self.folder / "vault").rglob("*") if path.is_file())

    @contextmanager
    def open(self, chapter: str, folder: Path) -> Iterator[Scene]:
        """A copy of the story at a chapter, behind Django's connections and this process's environment."""
        template, kept = self.template(chapter)
        name = f"scene_{next(self._numbers)}"
        vault = folder / "vault"
        vault.mkdir(parents=True, exist_ok=True)
        for path in kept:
            copy = vault / path.relative_to(self.folder / "vault")
            copy.parent.mkdir(exist_ok=True)
            os.link(path, copy)
        roles.clone(self.postgres.admin_url(), template, name)
        with override_settings(VAULT=vault, CHECKPOINT_LOG=folder / "checkpoints", SIGNER_SOCKET=str(self.signer)):
            try:
                with connected(self.postgres, name), environment(self.postgres, name, folder, self.signer):
                    yield Scene(name, self.postgres, Vault(vault))
            finally:
                roles.drop(self.postgres.admin_url(), name)


def disconnect_workers(postgres: EmbeddedPostgres, name: str) -> None:
    """A worker's threads keep their connections a little longer; a template must have none."""
    import psycopg

    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])


@contextmanager
def connected(postgres: EmbeddedPostgres, name: str) -> Iterator[None]:
    """Django's connections lead to a database of this server, and nowhere afterwards."""
    for alias, role in (("default", roles.APP), ("owner", roles.OWNER)):
        connections[alias].close()
        connections[alias].settings_dict.update(
            NAME=name, USER=role, PASSWORD="", HOST=str(postgres.sockets), PORT="5432"
        )
    try:
        yield
    finally:
        for alias in ("default", "owner"):
            connections[alias].close()
            if close_pool := getattr(connections[alias], "close_pool", None):
                close_pool()


@contextmanager
def environment(postgres: EmbeddedPostgres, name: str, folder: Path, signer: Path) -> Iterator[None]:
    """Child processes find the same database, vault and signing process."""
    wanted = {
        **{variable: postgres.url(role, name) for role, variable in ways.VARIABLES.items()},
        "ATMPXB_VAULT": str(folder / "vault"),
        "ATMPXB_CHECKPOINTS": str(folder / "checkpoints"),
        "ATMPXB_SIGNER": str(signer),
        "DJANGO_SETTINGS_MODULE": "atmpxb.platform.settings",
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


__all__ = ["CHAPTERS", "EVENTS", "STEPS", "LABELS", "PASSWORD", "SEED", "Certificate", "Library", "Scene", "by_transaction",
           "connected", "environment", "files", "replace", "story"]  # fmt: skip
