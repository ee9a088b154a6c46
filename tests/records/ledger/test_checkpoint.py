"""What a partner's kept checkpoint reveals when the owner of the database was dishonest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atmpxb.records.ledger import merkle
from atmpxb.records.ledger.chain import Link, entry_hash, genesis
from atmpxb.records.ledger.checkpoint import (
    Checkpoint,
    NotACheckpoint,
    against_chain,
    against_checkpoint,
    checkpoint,
    message,
    parse,
    signed_by,
)

LABORATORY, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def chain(*payloads: bytes, organisation: UUID = LABORATORY) -> list[Link]:
    links: list[Link] = []
    prev = genesis(organisation)
    for seq, payload in enumerate(payloads, 1):
        links.append(Link(seq, payload, prev, entry_hash(prev, seq, payload)))
        prev = links[-1].hash
    return links


def point(links: list[Link], at: datetime = NOON) -> Checkpoint:
    return checkpoint(LABORATORY, [link.hash for link in links], at)


HISTORY = chain(*(b'{"n":%d}' % n for n in range(9)))


def test_a_checkpoint_reads_back_and_is_the_same_in_every_time_zone() -> None:
    made = point(HISTORY)
    assert parse(made.payload()) == made
    assert replace(made, at=NOON.astimezone(timezone(timedelta(hours=2)))).payload() == made.payload()


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p + b" ",
        lambda p: p.replace(b"checkpoint/1", b"checkpoint/2"),
        lambda p: p.replace(b'"count":9', b'"count":8'),
        lambda p: p.replace(b'"seq":9', b'"seq":"9"'),
        lambda p: p.replace(b'"count":9', b'"count":9,"more":1'),
        lambda p: b"[]",
        lambda p: b"\xff",
        lambda p: b"[" * 100_000,
    ],
)
def test_anything_but_the_canonical_checkpoint_is_refused(damage) -> None:
    with pytest.raises(NotACheckpoint):
        parse(damage(point(HISTORY).payload()))


def test_a_signature_holds_for_this_checkpoint_key_and_purpose_only() -> None:
    key, stranger = (
        Ed25519PrivateKey.from_private_bytes(b"k" * 32),
        Ed25519PrivateKey.from_private_bytes(b"s" * 32),
    )
    payload = point(HISTORY).payload()
    signature = key.sign(message(payload))
    assert signed_by(key.public_key(), payload, signature)
    assert not signed_by(stranger.public_key(), payload, signature)
    assert not signed_by(key.public_key(), point(HISTORY[:8]).payload(), signature)
    assert not signed_by(key.public_key(), payload, key.sign(payload)), "without its purpose it is not a checkpoint"


def test_a_chain_that_only_grew_holds() -> None:
    assert against_chain(point(HISTORY[:5]), LABORATORY, HISTORY) == ()
    path = merkle.consistency_path([link.hash for link in HISTORY], 5)
    assert against_checkpoint(point(HISTORY[:5]), point(HISTORY, NOON + timedelta(1)), path) == ()


def test_the_deleted_newest_entry_is_a_truncation() -> None:
    (finding,) = against_chain(point(HISTORY), LABORATORY, HISTORY[:-1])
    assert (finding.kind, finding.seq) == ("truncation", 8)
    assert "entry 9 was witnessed at 2026-11-20T12:00:00Z" in finding.message
    assert against_chain(point(HISTORY), LABORATORY, [])[0].kind == "truncation"


def test_a_chain_recomputed_after_a_change_is_a_rewrite() -> None:
    forged = chain(*(b'{"n":%d}' % (n if n != 3 else 33) for n in range(12)))
    assert {finding.kind for finding in against_chain(point(HISTORY), LABORATORY, forged)} == {"rewrite"}


def test_an_entry_swapped_below_an_untouched_head_is_a_rewrite() -> None:
    forged = [*HISTORY[:3], replace(HISTORY[3], payload=b"{}"), *HISTORY[4:]]
    assert against_chain(point(HISTORY), LABORATORY, forged)[0].seq == 4


def test_two_histories_for_two_witnesses_are_a_fork() -> None:
    other = chain(*(b'{"n":%d}' % n for n in range(8)), b'{"n":99}')
    assert against_checkpoint(point(HISTORY), point(other))[0].kind == "fork"
    longer = [link.hash for link in chain(*(b'{"x":%d}' % n for n in range(12)))]
    later = checkpoint(LABORATORY, longer, NOON + timedelta(1))
    assert against_checkpoint(point(HISTORY), later, merkle.consistency_path(longer, 9))[0].kind == "fork"


def test_a_chain_that_became_shorter_between_two_checkpoints_is_a_truncation() -> None:
    path = merkle.consistency_path([link.hash for link in HISTORY], 5)
    findings = against_checkpoint(point(HISTORY), point(HISTORY[:5], NOON + timedelta(1)), path)
    assert [finding.kind for finding in findings] == ["truncation"]


def test_checkpoints_of_different_organisations_say_nothing_of_each_other() -> None:
    assert against_chain(point(HISTORY), OTHER, HISTORY)[0].kind == "foreign"
    assert against_checkpoint(point(HISTORY), replace(point(HISTORY), organisation=OTHER))[0].kind == "foreign"
