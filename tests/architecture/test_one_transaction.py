"""Every action leaves at least one entry, and all entries of one action share one transaction, on every chain."""

import sys
from collections import defaultdict
from contextlib import contextmanager

import psycopg
import pytest

from atmpxb.records.ledger import writing
from scenes import STEPS

#: What the story of one batch does; what it leaves out (returns, holds, corrections …) has its own tests.
OF_THE_STORY = {
    "quality.accept_request", "quality.approve_certificate", "quality.attach_file", "quality.check_entry",
    "quality.dispose", "quality.finish_analysis", "quality.issue_certificate", "quality.open_run",
    "quality.receive_sample", "quality.register_batch", "quality.review_run", "quality.submit_request",
    "quality.submit_run", "quality.write_entry",
}  # fmt: skip


def test_each_action_of_the_story_records_under_one_transaction(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story = scene("founded")
    performed: list[tuple[str, list[writing.Receipt]]] = []
    original = writing.recording

    @contextmanager
    def watched(actor):
        permission = sys._getframe(2).f_locals.get("permission", "")  # of the action that opens the transaction
        before = len(actor.receipts)
        with original(actor):
            yield
        performed.append((permission, actor.receipts[before:]))

    monkeypatch.setattr(writing, "recording", watched)
    for chapter in ("requested", "received", "opened", "measured", "submitted", "reviewed", "certified"):
        STEPS[chapter]()
    seen = {permission for permission, _ in performed if permission}
    assert seen >= OF_THE_STORY - {"quality.dispose"}
    transactions = {}
    for who in (story.who.analyst, story.who.client):
        for entry in story.entries(who):
            transactions[who.organisation_id, entry.seq] = entry.content["transaction"]
    used: list[str] = []
    for permission, receipts in performed:
        assert receipts, f"{permission} recorded nothing"
        shared = {transactions[receipt.organisation, receipt.seq] for receipt in receipts}
        assert len(shared) == 1, f"{permission} recorded under {len(shared)} transactions"
        used += shared
    assert len(used) == len(set(used)), "no two actions share a transaction"


def test_a_transaction_id_is_one_database_transaction_and_the_reverse(scene) -> None:
    """The identifier in the entries against what PostgreSQL itself noted when it wrote them."""
    story = scene("certified")
    by_identifier, by_database = defaultdict(set), defaultdict(set)
    with psycopg.connect(story.url("postgres")) as admin:
        for identifier, transaction, _chain in admin.execute(
            "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'transaction', written_in::text, organisation_id"
            " FROM ledger_entry"
        ):
            by_identifier[identifier].add(transaction)
            by_database[transaction].add(identifier)
    assert len(by_identifier) > 60
    assert all(len(found) == 1 for found in by_identifier.values())
    assert all(len(found) == 1 for found in by_database.values())


def test_every_row_of_every_table_stands_in_the_ledger_as_it_is(scene) -> None:
    """Replaying the entries gives the tables back: nothing was written that was not recorded."""
    from django.apps import apps

    story = scene("certified")
    models = [
        model
        for model in apps.get_models()
        if model._meta.app_label in ("quality", "vault", "documents", "signatures") and model._meta.managed
    ]
    compared = 0
    for who in (story.who.analyst, story.who.client):
        replayed: dict[tuple[str, str], dict] = {}
        for entry in story.entries(who):
            for row in entry.content.get("rows", ()):
                replayed.setdefault((row["table"], row["id"]), {}).update(row["after"])
        with story.as_(who):
            for model in models:
                for row in model._base_manager.filter(organisation_id=who.organisation_id):
                    assert writing.state(row) == replayed[model._meta.db_table, str(row.pk)], row
                    compared += 1
    assert compared > 80
