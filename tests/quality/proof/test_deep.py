"""What the checkpoints of an organisation, held against one another, tell of its chain."""

from datetime import timedelta

from atmpxb.quality.proof.deep import grown
from atmpxb.records.ledger.chain import Link
from atmpxb.records.ledger.checkpoint import checkpoint
from quality.proof import laboratory
from quality.proof.laboratory import LABORATORY, NOON


def witnessed(links: list[Link], entries: int, hours: int) -> bytes:
    return checkpoint(LABORATORY, [link.hash for link in links[:entries]], NOON + timedelta(hours=hours)).payload()


def test_checkpoints_of_a_chain_that_only_grew_say_nothing() -> None:
    links = laboratory.chain(laboratory.case().certificate)
    assert list(grown([witnessed(links, 3, 0), witnessed(links, 8, 1), witnessed(links, 9, 2)], links)) == []
    assert list(grown([witnessed(links, 8, 0), witnessed(links, 8, 1)], links)) == []


def test_a_chain_that_was_shorter_for_a_while_is_found_though_it_is_whole_again() -> None:
    links = laboratory.chain(laboratory.case().certificate)
    (told,) = grown([witnessed(links, 8, 0), witnessed(links, 3, 1)], links)
    assert told.message.startswith("checkpoints of entries 3 and 8: truncation")


def test_a_checkpoint_of_another_history_is_found() -> None:
    one, other = (laboratory.chain(laboratory.case().certificate, before=n) for n in (5, 6))
    (told,) = grown([witnessed(one, 4, 0), witnessed(other, 8, 1)], one)
    assert "fork" in told.message
