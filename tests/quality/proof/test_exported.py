"""An exported ledger on another machine: what was altered, cut off or exchanged in it is named, or said to be unknown."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from atmpxb.notes import say
from atmpxb.platform import voices
from atmpxb.platform.commands.verify import CHECKS
from atmpxb.quality.proof import exported
from atmpxb.quality.publishing import trust_list
from atmpxb.quality.queries import ledger
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.chain import entry_hash


@pytest.fixture
def case(scene):
    """Lines of the laboratory's export, the trust list, and what its client keeps of its checkpoints."""
    story = scene("certified")
    lines = list(ledger.export(story.who.head))
    with story.as_(story.who.client):
        witness = list(ledger.witnessed(story.who.client))
    with story.as_(story.who.head):
        return lines, trust_list(), witness


def judged(lines, trust=None, witness=None) -> dict[str, tuple[bool | None, str]]:
    return {line.check: (line.ok, line.message) for line in exported.verify(lines, trust, witness)}


def places(lines) -> list[int]:
    """Where the entries stand among the lines."""
    return [number for number, line in enumerate(lines) if line.startswith(b'{"hash"')]


def test_an_export_verifies_with_trust_list_and_witness(case) -> None:
    lines, trust, witness = case
    found = judged(lines, trust, witness)
    assert {check: ok for check, (ok, _) in found.items()} == {
        "export": True, "chain": True, "issuer": True, "checkpoints": True, "witness": True,
    }  # fmt: skip
    assert "Sure Laboratories" in found["export"][1]
    assert f"{len(places(lines))} entries follow" in found["chain"][1]


def test_without_a_trust_list_nothing_is_authenticated_and_without_a_witness_the_end_is_open(case) -> None:
    lines, trust, _ = case
    alone = judged(lines)
    assert alone["issuer"][0] is False
    assert "trust list" in alone["issuer"][1]
    assert alone["checkpoints"][0] is None
    assert judged(lines, trust)["witness"][0] is None


def test_a_dutch_reader_is_told_every_line_in_dutch(case) -> None:
    lines, trust, witness = case
    dutch, at = voices.voice("nl"), places(lines)
    told = {}
    for name, found in {
        "whole": exported.verify(lines, trust, witness),
        "alone": exported.verify(lines[: at[-1] + 1]),
        "gap": exported.verify(lines[: at[3]] + lines[at[4] :], trust, [b"{}\n"]),
        "cut": exported.verify(lines[: at[3]], trust, witness),
        "none": exported.verify([b"{}\n"]),
    }.items():
        for line in found:
            assert say(line.said, dutch) != line.message, line
            assert line.check in CHECKS, line.check
            told[name, line.check] = say(line.said, dutch)
    assert told["gap", "chain"].startswith("regel 4: regel 4 ontbreekt; op die plaats staat regel 5")
    assert "aan het einde zijn regels verwijderd" in told["cut", "witness"]
    assert told["none", "export"].startswith("de eerste lijn zegt niet van wie dit register is")


def test_a_flipped_byte_anywhere_is_noticed(case) -> None:
    lines, trust, witness = case
    whole = b"".join(lines)
    step = max(1, len(whole) // 97)
    for place in range(7, len(whole), step):
        changed = bytearray(whole)
        changed[place] ^= 1
        found = exported.verify(bytes(changed).splitlines(keepends=True), trust, witness)
        assert any(line.ok is False for line in found), f"byte {place} was not noticed"


def test_a_changed_entry_is_named(case) -> None:
    lines, trust, witness = case
    place = places(lines)[5]
    row = json.loads(lines[place])
    row["payload"] = row["payload"].replace('"v":1', '"v":2')
    lines[place] = canonical(row) + b"\n"
    found = judged(lines, trust, witness)
    assert found["chain"] == (False, "entry 6: the entry is not what was recorded (1 in all)")


def test_a_history_that_was_computed_anew_is_not_the_one_that_was_signed(case) -> None:
    lines, trust, witness = case
    prev = None
    for number, place in enumerate(places(lines), 1):
        row = json.loads(lines[place])
        if number == 3:
            said = json.loads(row["payload"])
            row["payload"] = canonical({**said, "reason": "as we would have liked it"}).decode()
        row["prev"] = prev or row["prev"]
        prev = row["hash"] = entry_hash(bytes.fromhex(row["prev"]), number, row["payload"].encode()).hex()
        lines[place] = canonical(row) + b"\n"
    found = judged(lines, trust, witness)
    assert found["chain"][0] is True, "the arithmetic alone can't tell"
    assert found["checkpoints"][0] is False
    assert found["witness"][0] is False
    assert "not those that were signed" in found["witness"][1]


def test_a_removed_last_entry_is_noticed_by_a_checkpoint_that_covers_it(case) -> None:
    lines, trust, witness = case
    last = places(lines)[-1]
    shortened = lines[:last] + lines[last + 1 :]
    assert judged(shortened, trust)["checkpoints"][0] is False
    assert "removed from the end" in judged(shortened, trust)["checkpoints"][1]
    bare = [line for line in shortened if b'"checkpoint"' not in line[:20]]
    kept = [line for line in lines if line.startswith(b'{"checkpoint"')][:1]
    assert judged(bare + kept, trust)["checkpoints"][0] is True, "without the last checkpoint it looks whole"
    found = judged(bare + kept, trust, witness)
    assert found["witness"][0] is False
    assert "removed from the end" in found["witness"][1]


def test_swapped_and_missing_entries_are_named(case) -> None:
    lines, trust, witness = case
    at = places(lines)
    swapped = list(lines)
    swapped[at[3]], swapped[at[4]] = swapped[at[4]], swapped[at[3]]
    assert judged(swapped, trust, witness)["chain"][1].startswith("entry 4: entry 4 is missing; entry 5")
    gap = lines[: at[3]] + lines[at[3] + 1 :]
    assert judged(gap, trust, witness)["chain"][0] is False
    doubled = [*lines[: at[3]], lines[at[3]], *lines[at[3] :]]
    assert judged(doubled, trust, witness)["chain"][0] is False


def test_a_checkpoint_under_a_strange_key_does_not_vouch(case) -> None:
    lines, trust, _ = case
    place = next(number for number, line in enumerate(lines) if line.startswith(b'{"checkpoint"'))
    row = json.loads(lines[place])
    row["signature"] = base64.b64encode(bytes(64)).decode()
    lines[place] = canonical(row) + b"\n"
    found = judged(lines, trust)
    assert found["checkpoints"][0] is False
    assert "not signed by the key" in found["checkpoints"][1]


def test_a_witness_of_other_organisations_is_no_witness(case) -> None:
    lines, trust, _ = case
    found = judged(lines, trust, [])
    assert found["witness"][0] is False
    assert "another file" in found["witness"][1]


@pytest.mark.parametrize(
    "content",
    [b"{}\n", b'{"schema":"atmpxb.chain/9"}\n', b"{", b'{"organisation":5,"schema":"atmpxb.chain/1"}\n', b"[1]\n"],
)
def test_what_is_no_export_is_refused_with_a_sentence(content: bytes) -> None:
    (line,) = exported.verify([content])
    assert (line.check, line.ok) == ("export", False)
    assert len(line.message) > 20


def test_the_command_reads_an_export_without_a_database(case, tmp_path: Path) -> None:
    lines, trust, witness = case
    for name, content in (("l.jsonl", b"".join(lines)), ("t.json", trust), ("w.jsonl", b"".join(witness))):
        (tmp_path / name).write_bytes(content)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "atmpxb.platform.cli", "verify", *arguments]
        return subprocess.run(command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)

    good = run("l.jsonl", "--trust", "t.json", "--witness", "w.jsonl", "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["holds"] is True
    assert run("l.jsonl").returncode == 1
    assert run("l.jsonl", "--raw", ".").returncode == 2
    assert run("missing.jsonl").returncode == 2
