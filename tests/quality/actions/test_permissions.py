"""Every action against every role: who may not, can't, and nothing is written by trying."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from atmpxb.quality.actions import (
    analyses,
    catalogue,
    certificates,
    failures,
    orders,
    raw_files,
    requests,
    reviews,
    runs,
    trials,
    withdrawals,
    worksheets,
)
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.records.documents import actions as documents
from atmpxb.records.ledger.writing import PERMISSIONS, NotPermitted
from atmpxb.records.people.actions import accounts, founding, roles
from atmpxb.records.people.models import Role
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures.actions import factors, proving

MODULES = (
    analyses, catalogue, certificates, failures, orders, raw_files, requests, reviews, runs, trials, withdrawals,
    worksheets, documents, accounts, founding, roles, signatures, proving, factors,
)  # fmt: skip
OF_ACCOUNTS = ("people.", "signatures.")
VERBS = {
    verb.permission: verb
    for module in MODULES
    for verb in vars(module).values()
    if hasattr(verb, "permission") and verb.__module__ == module.__name__
}
REFUSED = sorted(
    (permission, str(role)) for permission in VERBS for role in Role if str(role) not in PERMISSIONS[permission]
)
SOURCE = Path(__file__).parents[3] / "src" / "atmpxb"


def test_the_matrix_covers_every_action_of_the_product() -> None:
    decorated = {
        call.args[0].value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "action"
    }
    assert decorated == set(VERBS)
    assert len(VERBS) >= 30


def test_every_action_is_allowed_to_somebody_and_never_to_everybody() -> None:
    everybody = {str(role) for role in Role}
    for permission in VERBS:
        assert PERMISSIONS[permission], permission
        assert PERMISSIONS[permission] < everybody, permission


def test_no_single_role_carries_a_batch_from_bench_to_certificate() -> None:
    chain = ("quality.submit_run", "quality.review_run", "quality.approve_certificate")
    performing, reviewing, approving = (PERMISSIONS[permission] for permission in chain)
    assert performing & reviewing == reviewing & approving == performing & approving == set()


def test_accounts_and_gmp_records_are_in_different_hands() -> None:
    for permission in VERBS:
        assert (str(Role.ADMINISTRATOR) in PERMISSIONS[permission]) == permission.startswith(OF_ACCOUNTS), permission


def test_whoever_holds_no_fitting_role_is_refused_before_anything_else(scene) -> None:
    """One story for the whole matrix: no arguments are needed, since the role is the first thing that is looked at."""
    story = scene("founded")
    before = story.standing()
    for permission, role in REFUSED:
        actor = replace(story.who.analyst, roles=frozenset({role}), receipts=[])
        with pytest.raises(NotPermitted) as refused:
            VERBS[permission](actor=actor)
        assert refused.value.permission == permission
        assert set(refused.value.roles) == PERMISSIONS[permission]
        (told,) = refusals_of(refused.value) or ()
        assert (told.status, bool(told.cure and told.who)) == (403, True)
        assert actor.receipts == []
    for permission, verb in VERBS.items():
        with pytest.raises(NotPermitted):
            verb(actor=replace(story.who.analyst, roles=frozenset()))
        assert PERMISSIONS[permission]
    assert story.standing() == before
    assert len(REFUSED) > 150
