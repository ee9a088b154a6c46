"""What the checkpoints of an organisation, held against one another, tell of its chain."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from atmpxb.platform import roles
from atmpxb.quality.proof import deep
from atmpxb.quality.proof.deep import grown
from atmpxb.quality.proof.guard import guarded
from atmpxb.quality.proof.line import Line
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


def panic() -> BaseException:
    """What a library written in Rust raises when it gives up: no ``Exception``, of a class that it makes itself."""
    made = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    return made("called `Option::unwrap()` on a `None` value")


def lines(error: BaseException) -> Iterator[Line]:
    yield Line("x", True, ())
    raise error


def test_what_gives_up_is_a_failed_check_and_who_wants_the_program_to_end_is_heard() -> None:
    for error in (panic(), ValueError("no"), RecursionError("deep")):
        good, failed = guarded("vault", lambda error=error: lines(error))
        assert good.ok
        assert (failed.check, failed.ok) == ("vault", False)
        assert type(error).__name__ in failed.message
    for order in (KeyboardInterrupt(), SystemExit(3)):
        with pytest.raises(type(order)):
            guarded("vault", lambda order=order: lines(order))


def test_rows_that_nobody_can_read_do_not_stop_the_check_of_the_others(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connections

    story = scene("certified")
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("ALTER TABLE signatures_signature DISABLE TRIGGER ALL")
        admin.execute("ALTER TABLE signatures_signingkey DISABLE TRIGGER ALL")
        admin.execute("UPDATE signatures_signature SET withheld = '[]' WHERE meaning = 'effective'")
        admin.execute("UPDATE signatures_signature SET seal = 'x' WHERE meaning = 'approved'")
        stray = (
            "INSERT INTO signatures_signingkey SELECT gen_random_uuid(), 'ledger', 'odd', 'zz', since, published_at,"
        )
        admin.execute(stray + " organisation_id FROM signatures_signingkey LIMIT 1")
    signed = deep.manifest_signed_by

    def gives_up_on_reviews(key: bytes, manifest: bytes, seal: bytes) -> bool:
        if b'"reviewed"' in manifest:
            raise panic()
        return signed(key, manifest, seal)

    monkeypatch.setattr(deep, "manifest_signed_by", gives_up_on_reviews)
    monkeypatch.setattr(deep.vault().__class__, "read", lambda vault, digest: 1 / 0)
    connections["backup"].settings_dict.update(connections["default"].settings_dict | {"USER": roles.BACKUP})
    try:
        told = list(deep.verify())
    finally:
        connections["backup"].close()
    wrong = [line for line in told if line.ok is False]
    said = [line.message for line in wrong if line.check == "signatures"]
    assert sum("ValueError" in one for one in said) == 1, "the key that is none"
    assert sum("AttributeError" in one for one in said) > 1, "documents were approved"
    assert sum("PanicException" in one for one in said) > 1, "runs were reviewed"
    assert sum("does not fit what it binds" in one for one in said) == 1, "the certificate was approved"
    assert sum(line.check == "vault" for line in wrong) > 2, "each file is said"
    assert [line.check.partition(" ")[0] for line in wrong][-2:] == ["trust", "certificate"]
    assert {"table signatures_signature", "table signatures_signingkey"} < {line.check for line in wrong}
    assert any(line.ok and line.check == "table quality_run" for line in told)
