"""Nothing moves but by its table: random events, in any order, never reach a state that the table does not know."""

from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import data, sampled_from

from atmpxb.quality import states
from atmpxb.quality.models import Analysis, Certificate, Request, Run, RunFile, Sample, Test
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records.documents import states as documents
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.ledger import transitions
from atmpxb.records.ledger.writing import recording

TRANSITIONS = {**states.TRANSITIONS, "document": documents.TRANSITIONS}

MODELS = {"request": Request, "sample": Sample, "run": Run, "test": Test, "file": RunFile, "analysis": Analysis,
          "certificate": Certificate, "document": DocumentVersion}  # fmt: skip
#: Where each noun begins, beyond the default of its model: a file is admitted, quarantined or unreadable.
BEGINNINGS = {"file": ("ready", "quarantined", "unreadable")}
#: From these nothing leads away: a signed certificate's fate, a repeated test, a result given up.
FINAL = {
    "request": {"withdrawn"}, "sample": set(), "run": {"invalid"}, "file": {"withdrawn"},
    "test": {"invalid", "cancelled"}, "analysis": {"done"}, "certificate": {"superseded", "withdrawn"},
    "document": {"superseded", "withdrawn"},
}  # fmt: skip
EVENTS = sorted({(noun, event) for noun, table in TRANSITIONS.items() for event in table})


def move(noun: str, row, event: str):
    return (documents if noun == "document" else states).move(row, event)


def beginnings(noun: str) -> tuple[str, ...]:
    return BEGINNINGS.get(noun) or (str(MODELS[noun]._meta.get_field("state").default),)


def test_every_state_of_every_table_is_a_state_of_its_noun() -> None:
    assert set(TRANSITIONS) == set(MODELS)
    for noun, table in TRANSITIONS.items():
        known = {value for value, _ in MODELS[noun]._meta.get_field("state").choices}
        for event, (sources, target) in table.items():
            assert sources <= known, event
            assert target in known, event
            assert event.startswith(f"{noun}."), event


def test_every_state_can_be_reached_and_the_final_ones_are_final() -> None:
    for noun, table in TRANSITIONS.items():
        reached = set(beginnings(noun))
        while further := {t for s, t in table.values() if s & reached} - reached:
            reached |= further
        known = {value for value, _ in MODELS[noun]._meta.get_field("state").choices}
        never = {"analysis": set()}.get(noun, set())
        assert known - reached == never, noun
        assert {state for state in known if not any(state in sources for sources, _ in table.values())} == FINAL[noun]


class Stored:
    """Stands for the locked row of the database: the machine checks the rules of ``move``, not PostgreSQL's."""

    def __init__(self, noun: str, state: str) -> None:
        self.noun, self.state, self.changes = noun, state, 0
        locked = SimpleNamespace(values_list=lambda *_, **__: SimpleNamespace(get=lambda pk: self.state))
        page = type(
            "StalePage",
            (),
            {
                "pk": 1,
                "state": "what a stale page believes",
                "_meta": SimpleNamespace(model_name=MODELS[noun]._meta.model_name),
                "_base_manager": SimpleNamespace(select_for_update=lambda: locked),
            },
        )
        self.row = page()

    def move(self, event: str) -> None:
        def change(row, *, state, **fields):
            self.state, self.changes = str(state), self.changes + 1
            return row

        with patch.object(transitions, "change", change):
            move(self.noun, self.row, event)


class Journey(RuleBasedStateMachine):
    """A batch's nouns, each driven by whatever event comes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = {(noun, start): start for noun in MODELS for start in beginnings(noun)}

    @rule(event=sampled_from(EVENTS), choice=data())
    def something_happens(self, event: tuple[str, str], choice) -> None:
        noun, name = event
        one = choice.draw(sampled_from([key for key in self.now if key[0] == noun]))
        sources, target = TRANSITIONS[noun][name]
        stored = Stored(noun, self.now[one])
        if self.now[one] in sources:
            stored.move(name)
            assert (stored.state, stored.changes) == (target, 1)
            self.now[one] = target
        else:
            with pytest.raises(NotPossibleNow) as refused:
                stored.move(name)
            assert (stored.state, stored.changes) == (self.now[one], 0)
            assert refused.value.state == self.now[one]
            assert all(state in str(refused.value) for state in sources)

    @precondition(lambda self: any(self.now[key] in FINAL[key[0]] for key in self.now))
    @rule(event=sampled_from(EVENTS))
    def what_is_final_stays(self, event: tuple[str, str]) -> None:
        noun, name = event
        for key, state in self.now.items():
            if key[0] == noun and state in FINAL[noun]:
                with pytest.raises(NotPossibleNow):
                    Stored(noun, state).move(name)

    @invariant()
    def every_state_is_known(self) -> None:
        for (noun, _), state in self.now.items():
            assert state in {value for value, _ in MODELS[noun]._meta.get_field("state").choices}


def test_random_events_never_reach_an_illegal_state() -> None:
    run_state_machine_as_test(
        Journey,
        settings=settings(
            max_examples=60, stateful_step_count=40, derandomize=True, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_an_event_in_a_wrong_state_changes_nothing_in_the_database(scene) -> None:
    """The same on the real tables: every row of the certified story, by every event that it may not undergo."""
    story = scene("certified")
    before, tried = story.standing(), set()
    for noun, event in EVENTS:
        owner = story.who.client if noun == "request" else story.who.analyst
        sources, _ = TRANSITIONS[noun][event]
        with story.as_(owner):
            rows = [
                r for r in MODELS[noun].objects.filter(organisation_id=owner.organisation_id) if r.state not in sources
            ]
        for row in rows[:2]:
            row.state = sorted(sources)[0]  # a stale page thinks that it may
            with pytest.raises(NotPossibleNow), recording(owner):
                move(noun, row, event)
            tried.add(event)
    assert story.standing() == before
    assert len(tried) > 20
