"""A certificate proves itself to a stranger with a trust list and the raw files; every forgery is refused by
name.
"""

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from pypdf import PdfReader, PdfWriter

from atmpxb.notes import say
from atmpxb.platform import voices
from atmpxb.platform.commands.verify import CHECKS
from atmpxb.quality.certificate import derived
from atmpxb.quality.certificate.record import Certificate, RecordError, record_sha256
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.proof.compare import same
from atmpxb.quality.proof.folder import RawFolder
from atmpxb.quality.proof.inclusion import build_proof
from atmpxb.quality.proof.verify import Report
from atmpxb.quality.proof.verify import verify as verify_with
from atmpxb.records.ledger import merkle
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.chain import Link, entry_hash
from atmpxb.records.ledger.checkpoint import checkpoint
from atmpxb.records.signatures import cms, seal, trust
from atmpxb.records.signatures.keys import Keyring
from atmpxb.records.signatures.printed import printed_text
from atmpxb.records.signatures.signing import SigningClient
from quality.proof import laboratory
from quality.proof.laboratory import LABORATORY, NOON, Case

OTHER = UUID(int=0x0C)


verify = partial(verify_with, voices=voices.voice)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningClient]:
    with laboratory.signing(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="module")
def honest(client: SigningClient) -> Case:
    return laboratory.case()


@pytest.fixture(scope="module")
def pdf(honest: Case, client: SigningClient) -> bytes:
    return laboratory.sealed(honest, client)


@pytest.fixture(scope="module")
def trusted(client: SigningClient) -> bytes:
    return laboratory.trust_list(client)


def failing(report: Report) -> dict[str, str]:
    assert not report.holds
    return {line.check: line.message for line in report.lines if line.ok is False}


def test_an_honest_certificate_holds_with_and_without_raw_files(pdf: bytes, honest: Case, trusted: bytes) -> None:
    assert verify(pdf, None, trusted).holds
    report = verify(pdf, honest.raw, trusted)
    assert report.holds
    said = {line.check: line for line in report.lines}
    assert "4 value(s) recomputed from 1 file(s)" in said["analysis R-1"].message
    assert said["analysis R-2"].ok is None
    assert "not recomputable" in said["analysis R-2"].message
    assert "unknown offline" in said["current"].message


def test_a_dutch_reader_is_told_every_line_in_dutch(
    pdf: bytes, honest: Case, trusted: bytes, client: SigningClient
) -> None:
    dutch = voices.voice("nl")
    conclusion = honest.certificate.conclusion
    approver = {"approved": laboratory.PEOPLE["approved"]}
    forged = laboratory.changed(honest, conclusion=replace(conclusion, text={**conclusion.text, "en": "Best."}))
    reports = [
        verify(pdf, honest.raw, trusted),
        verify(pdf),
        verify(laboratory.sealed(forged, client), {}, trusted),
        verify(laboratory.sealed(laboratory.signed(honest, approver), client), None, trusted),
        verify(pdf[:-9], None, trusted),
        verify(pdf, None, b"{}"),
    ]
    for line in (line for report in reports for line in report.lines):
        assert say(line.said, dutch) != line.message, line
        assert {line.check, line.check.partition(" ")[0]} & CHECKS, line.check
    said = {line.check: say(line.said, dutch) for line in reports[0].lines}
    assert said["four eyes"] == "2 run(s), elk door drie personen uitgevoerd, beoordeeld en goedgekeurd"
    assert said["printed text"].endswith("byte voor byte wat het record afdrukt")
    assert any("conclusie: tekst zegt" in say(line.said, dutch) for line in reports[2].lines)


def test_without_a_trust_list_it_is_intact_but_no_pass(pdf: bytes) -> None:
    assert list(failing(verify(pdf))) == ["issuer"]
    assert "intact, issuer not authenticated" in failing(verify(pdf))["issuer"]


def test_any_changed_byte_is_refused(pdf: bytes, trusted: bytes) -> None:
    dice = random.Random(20261120)
    for position in dice.sample(range(len(pdf)), 600):
        changed = bytearray(pdf)
        changed[position] ^= dice.randrange(1, 256)
        assert "seal" in failing(verify(bytes(changed), None, trusted)), position


def test_the_signature_container_has_one_form_only(pdf: bytes, trusted: bytes) -> None:
    start = pdf.rindex(b"/Contents <") + 11
    dice = random.Random(7)
    for position in dice.sample(range(start, start + 8192), 60):
        for changed in ({65: 97, 66: 98, 48: 49}.get(pdf[position], 48), 32):
            forged = pdf[:position] + bytes([changed]) + pdf[position + 1 :]
            assert forged == pdf or "seal" in failing(verify(forged, None, trusted)), position


@pytest.mark.parametrize("more", [b"\n", b"%", b"\0" * 100, b"\n%%EOF\n"])
def test_appended_or_missing_bytes_are_refused(pdf: bytes, trusted: bytes, more: bytes) -> None:
    assert "bytes were added" in failing(verify(pdf + more, None, trusted))["seal"]
    assert "seal" in failing(verify(pdf[: -len(more)], None, trusted))


def test_an_incremental_update_is_refused(pdf: bytes, trusted: bytes) -> None:
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    writer.add_metadata({"/Subject": "changed"})
    out = io.BytesIO()
    writer.write(out)
    assert "seal" in failing(verify(out.getvalue(), None, trusted))


def test_the_same_pages_sealed_by_another_key_are_refused(
    honest: Case, client: SigningClient, trusted: bytes, tmp_path: Path
) -> None:
    with laboratory.signing(tmp_path) as thief:
        forged = laboratory.sealed(honest, thief)
        assert verify(forged, honest.raw, laboratory.trust_list(thief)).holds
    assert "not in the trust list" in failing(verify(forged, honest.raw, trusted))["issuer"]


def test_a_signature_of_another_key_under_the_trusted_certificate_is_refused(
    pdf: bytes, trusted: bytes, tmp_path: Path
) -> None:
    stranger = Keyring(tmp_path / "keys")
    stranger.enrol(LABORATORY, "Laboratory of the test", demo=True)
    _, key = stranger.seal_key(LABORATORY)
    start = pdf.rindex(b"/Contents <") + 11
    der = bytes.fromhex(pdf[start : start + 8192].decode())
    certificate, digest, _ = cms.take_apart(der[: 4 + int.from_bytes(der[2:4], "big")])
    attributes = cms.signed_attributes(certificate, digest)
    signature = key.sign(attributes, seal.padding.PKCS1v15(), seal.hashes.SHA256())
    digits = cms.container(certificate, digest, signature).hex().upper().encode().ljust(8192, b"0")
    forged = pdf[:start] + digits + pdf[start + 8192 :]
    assert "not by the key of its certificate" in failing(verify(forged, None, trusted))["seal"]


def test_a_swapped_record_under_the_issuers_own_seal_is_refused(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    other = laboratory.changed(honest, number="C-2026-0002")
    proven = laboratory.proof(honest.certificate, client)
    forged = seal.seal(
        laboratory.pages(other, proven, client), LABORATORY, record_sha256(honest.certificate.bytes()), client, NOON
    )
    found = failing(verify(forged, None, trusted))
    assert {"record", "approval"} <= set(found)


def test_pages_that_say_another_thing_than_the_record_are_refused(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    worse = laboratory.case(viability=60.0)
    assert worse.certificate.conclusion.verdict == "does_not_comply"
    pages = laboratory.pages(honest, laboratory.proof(worse.certificate, client), client)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pages)))
    names = writer.root_object["/Names"]["/EmbeddedFiles"]
    assert names is not None
    for attached in writer.attachment_list:
        if attached.name == "record.json":
            attached.content = worse.certificate.bytes()
    out = io.BytesIO()
    writer.write(out)
    forged = seal.seal(out.getvalue(), LABORATORY, record_sha256(worse.certificate.bytes()), client, NOON)
    assert "printed text" in failing(verify(forged, None, trusted))


def test_a_verdict_that_does_not_follow_is_refused(honest: Case, client: SigningClient, trusted: bytes) -> None:
    worse = laboratory.case(viability=60.0)
    lines = tuple(
        replace(line, results=tuple(replace(result, verdict="complies") for result in line.results))
        for line in worse.certificate.tests
    )
    forged = laboratory.changed(worse, tests=lines, conclusion=honest.certificate.conclusion)
    found = failing(verify(laboratory.sealed(forged, client), worse.raw, trusted))
    assert "viability" in found["verdicts"]
    assert "does not follow from the raw files" in found["analysis R-1"]
    assert set(found) == {"verdicts", "analysis R-1"}


def test_values_that_the_raw_files_do_not_give_are_refused(honest: Case, client: SigningClient, trusted: bytes) -> None:
    worse = laboratory.case(viability=60.0)
    counted, looked = worse.certificate.analyses
    lied = laboratory.changed(
        worse,
        analyses=(replace(counted, values=honest.certificate.analyses[0].values), looked),
        tests=honest.certificate.tests,
        conclusion=honest.certificate.conclusion,
    )
    forged = laboratory.sealed(lied, client)
    assert verify(forged, None, trusted).holds, "without the raw files nobody can know"
    assert "recomputed" in failing(verify(forged, worse.raw, trusted))["analysis R-1"]


def test_a_raw_file_with_a_changed_byte_is_named(pdf: bytes, honest: Case, trusted: bytes) -> None:
    ((digest, content),) = honest.raw.items()
    changed = bytes([content[0] ^ 1]) + content[1:]
    for raw in ({}, {digest: changed}):
        assert "export.csv" in failing(verify(pdf, raw, trusted))["analysis R-1"]


def test_a_recomputable_analysis_can_not_be_declared_otherwise(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    counted, looked = honest.certificate.analyses
    hidden = laboratory.changed(honest, analyses=(replace(counted, recomputable=False), looked))
    assert "wrong about whether" in failing(verify(laboratory.sealed(hidden, client), None, trusted))["analysis R-1"]


def test_an_interim_certificate_says_so_everywhere(client: SigningClient, trusted: bytes) -> None:
    interim = laboratory.case(kind="interim", language="nl")
    pdf = laboratory.sealed(interim, client)
    report = verify(pdf, interim.raw, trusted)
    assert report.holds
    assert any("INTERIM" in line.message for line in report.lines)
    reader = PdfReader(io.BytesIO(pdf))
    assert all("INTERIM" in page.extract_text() for page in reader.pages)
    assert "INTERIM" in reader.metadata.title


def test_a_bad_trust_list_is_no_trust_list(pdf: bytes) -> None:
    assert list(failing(verify(pdf, None, b"{}"))) == ["trust list"]


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("1", "1.0000000009", True),
        ("1", "1.000000002", False),
        ("-3e5", "-300000", True),
        ("0", "1e-30", False),
        ("nan", "nan", True),
        ("1E999999999", "1E999999998", False),
        ("1E999999999", "1E999999999", True),
        ("turbid", "clear", False),
        (None, None, True),
        (None, "1", False),
    ],
)
def test_values_agree_within_a_billionth(one: str | None, other: str | None, agree: bool) -> None:
    assert same(one, other) is agree


def test_the_command_needs_no_database_and_tells_by_its_status(
    pdf: bytes, honest: Case, trusted: bytes, tmp_path: Path
) -> None:
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "raw" / "deep" / "renamed").write_bytes(next(iter(honest.raw.values())))
    (tmp_path / "c.pdf").write_bytes(pdf)
    (tmp_path / "trust.json").write_bytes(trusted)
    (tmp_path / "not.pdf").write_bytes(b"hello")
    script = (
        "import sys; from atmpxb.platform.commands.verify import command\n"
        "try: command()\n"
        "finally: assert 'django' not in sys.modules and 'psycopg' not in sys.modules\n"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    passed = run("c.pdf", "--raw", "raw", "--trust", "trust.json")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "FAIL" not in passed.stdout
    unknown = run("c.pdf", "--json")
    assert unknown.returncode == 1
    assert json.loads(unknown.stdout)["holds"] is False
    assert run("not.pdf").returncode == 2
    assert run("missing.pdf").returncode == 2


def test_signatures_of_people_are_judged_with_the_keys_of_the_trust_list(
    honest: Case, client: SigningClient, trusted: bytes, tmp_path: Path
) -> None:
    assert {line.check: line.ok for line in verify(laboratory.sealed(honest, client), None, trusted).lines}[
        "signatures"
    ]
    other = replace(honest.certificate.product, name="Another product")
    approved = replace(honest, certificate=replace(honest.certificate, product=other))  # manifest of the honest draft
    found = failing(verify(laboratory.sealed(approved, client), None, trusted))
    assert "approved another draft" in found["signatures"]
    *before, signature = honest.certificate.signatures
    for change in ({"name": "Somebody else"}, {"at": "2026-11-20T11:58:00Z"}, {"meaning": MEANINGS["reviewed"]}):
        forged = replace(
            honest, certificate=replace(honest.certificate, signatures=(*before, replace(signature, **change)))
        )
        found = failing(verify(laboratory.sealed(forged, client), None, trusted))
        assert "signed otherwise" in found["signatures"], change
    with laboratory.signing(tmp_path) as thief:
        pages = laboratory.pages(honest, laboratory.proof(honest.certificate, client), thief)
    record_digest = record_sha256(honest.certificate.bytes())
    forged_pdf = seal.seal(pages, LABORATORY, record_digest, client, NOON)
    assert "had no key" in failing(verify(forged_pdf, None, trusted))["signatures"]


def test_a_test_that_was_not_done_is_printed_with_its_reason_and_concludes_nothing(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    done, *others = honest.certificate.tests
    line = replace(
        done,
        status="not_tested",
        reason="no material was left",
        results=(),
        measured=None,
        analysed_at=None,
        analysis=None,
    )
    with pytest.raises(RecordError, match="it says complies, though by its tests it is undetermined"):
        laboratory.sealed(laboratory.changed(honest, tests=(line, *others)), client)
    told = laboratory.changed(honest, tests=(line, *others), conclusion=derived.conclusion("final", (line, *others)))
    pdf = laboratory.sealed(told, client)
    assert verify(pdf, honest.raw, trusted).holds
    assert "Nottestednomaterialwasleft" in printed_text(pdf)
    with pytest.raises(RecordError, match="says why"):
        laboratory.sealed(laboratory.changed(told, tests=(replace(line, reason=" "), *others)), client)


def test_a_program_does_not_mistake_an_interim_report(client: SigningClient, trusted: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.pdf").write_bytes(laboratory.sealed(laboratory.case(kind="interim"), client))
    (tmp_path / "trust.json").write_bytes(trusted)
    command = [sys.executable, "-m", "atmpxb.platform.cli", "verify", "c.pdf", "--trust", "trust.json", "--json"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 3, told.stderr
    assert json.loads(told.stdout)["holds"] is True
    assert json.loads(told.stdout)["kind"] == "interim"


def test_an_approval_at_another_place_of_the_tree_is_refused(
    honest: Case, client: SigningClient, trusted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry counts for its own place alone: whoever has it twice in the tree can't prove the other place."""
    real = laboratory.chain

    def doubled(certificate: Certificate) -> list[Link]:
        links = real(certificate)
        return [*links, links[5], Link(11, b"{}", links[5].hash, entry_hash(links[5].hash, 11, b"{}"))]

    with monkeypatch.context() as forging:
        forging.setattr(laboratory, "chain", doubled)
        fields = json.loads(laboratory.proof(honest.certificate, client))
    hashes = [link.hash for link in doubled(honest.certificate)]
    path = [step.hex() for step in merkle.inclusion_path(hashes, 9)]
    proven = canonical({**fields, "inclusion": {"leaf_index": 9, "tree_size": 11, "path": path}})
    forged = laboratory.sealed_pages(laboratory.pages(honest, proven, client), honest, client)
    found = failing(verify(forged, None, trusted))
    assert set(found) == {"inclusion"}
    assert "the approval is not entry 6 of the 11" in found["inclusion"]


def test_the_checkpoint_of_another_organisation_proves_nothing(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    client.enrol(OTHER, "Another laboratory", demo=True)
    hashes = [link.hash for link in laboratory.chain(honest.certificate)]
    payload = checkpoint(OTHER, hashes, NOON).payload()
    signed = client.sign_checkpoint(OTHER, payload)
    link = laboratory.chain(honest.certificate)[5]
    proven = build_proof(LABORATORY, link, hashes, payload, signed.key_id, signed.signature)
    seats = dict.fromkeys((LABORATORY, OTHER), trust.Seat("Street 1, Town", "BE"))
    both = trust.build([client.identity(LABORATORY), client.identity(OTHER)], seats, NOON)
    forged = laboratory.sealed_pages(laboratory.pages(honest, proven, client), honest, client)
    assert set(failing(verify(forged, None, both))) == {"inclusion", "checkpoint"}


def ended(trusted: bytes, what: str, **times: str | None) -> bytes:
    listed = json.loads(trusted)
    for one in listed["organisations"]:
        one[what] = [{**key, **times} for key in one[what]]
    return json.dumps(listed).encode()


def test_a_key_signs_only_in_its_time(pdf: bytes, trusted: bytes) -> None:
    before = "2026-11-20T11:59:00Z"
    found = failing(verify(pdf, None, ended(trusted, "checkpoint_keys", until=before)))
    assert {"checkpoint", "signatures"} <= set(found)
    assert "had no key" in found["checkpoint"]
    assert "had no key" in found["signatures"]
    for times in ({"until": before}, {"since": "2026-11-20T12:30:00Z"}):
        found = failing(verify(pdf, None, ended(trusted, "seals", **times)))
        assert set(found) == {"times"}
        assert "the seal's key was not in use" in found["times"]
    assert verify(pdf, None, ended(trusted, "seals", until="2026-11-20T12:00:00Z")).holds, "until is inclusive"


def test_a_seal_that_the_list_no_longer_names_is_revoked(pdf: bytes, trusted: bytes) -> None:
    listed = json.loads(trusted)
    listed["organisations"][0]["seals"] = []
    assert "not in the trust list" in failing(verify(pdf, None, json.dumps(listed).encode()))["issuer"]


def test_a_seal_past_the_dates_of_its_own_certificate_is_refused(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    pages = laboratory.pages(honest, laboratory.proof(honest.certificate, client), client)
    late = laboratory.sealed_pages(pages, honest, client, NOON + timedelta(days=6 * 365))
    assert "its own dates" in failing(verify(late, None, trusted))["times"]


def test_names_and_copies_of_raw_files_do_not_matter(pdf: bytes, honest: Case, trusted: bytes, tmp_path: Path) -> None:
    (content,) = honest.raw.values()
    for name in ("renamed.bin", "copy of renamed.bin"):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "unrelated.txt").write_bytes(b"hello")
    assert verify(pdf, RawFolder(tmp_path), trusted).holds
