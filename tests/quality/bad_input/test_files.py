"""Raw files that can't be used: each is told apart, kept unchanged, put on record, and says what to do."""

import io
import re
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from django.test import Client
from django.utils import timezone

from atmpxb.quality.actions import catalogue, raw_files, reviews, worksheets
from atmpxb.quality.models import Analysis, Result, RunFile
from atmpxb.quality.queries.run_files import doubt_of
from atmpxb.quality.states import FileState, NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.science.simulate.counts import Suspension, vicell_blu
from atmpxb.science.simulate.flow.tube import simulate_tube
from page_fixtures import catalogues, plain_static_files  # noqa: F401
from scenes import EVENTS, LABELS, PASSWORD, SEED, files
from scenes import story as tale

TUBE = {
    "events": 2_000, "sample": LABELS["flow"], "serial": files.CYTOMETER, "started": files.clock().isoformat(),
}  # fmt: skip


def tube(**changed) -> bytes:
    return simulate_tube(SEED, **(TUBE | changed)).data


def bomb() -> bytes:
    """Some 400 kB that unfold to 400 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("rdml_data.xml", "w") as member:
            for _ in range(400):
                member.write(b" " * 2**20)
    return packed.getvalue()


def attach(story, kind: str, name: str, data: bytes) -> RunFile:
    return tale.attach(story.who, story.run(kind), name, data)


def set_apart(story, attached: RunFile, data: bytes, event: str) -> None:
    """What holds for every file that is not used."""
    digest = sha256(data).hexdigest()
    assert story.vault.read(digest) == data, "unchanged"
    assert story.vault.remains() == []
    entry = story.entries(story.who.analyst)[-1].content
    assert (entry["event"], entry["files"]) == (event, [digest])
    assert entry["facts"]["problem"]["code"] == attached.problem["code"]
    with story.as_(story.who.analyst):
        assert Analysis.objects.count() == Result.objects.count() == 0
    assert story.breaks(story.who.analyst) == []


@pytest.mark.parametrize(
    ("kind", "name", "data", "code", "cure"),
    [
        ("flow", "cut.fcs", tube()[:-4_000], "fcs.", "again"),
        ("flow", "head.fcs", tube()[:40], "fcs.", "again|FCS"),
        ("flow", "empty.fcs", b"\0" * 500, "fcs.", "FCS"),
        ("flow", "plate.fcs", files.plate({LABELS["dna"]: 1.8}, SEED)[1], "fcs.", "FCS"),
        ("qpcr", "text.rdml", b"not a zip", "rdml.not_rdml", "export it again as RDML"),
        ("qpcr", "cut.rdml", files.plate({LABELS["dna"]: 1.8}, SEED)[1][:-300], "rdml.damaged_archive", "again"),
        ("qpcr", "bomb.rdml", bomb(), "rdml.", "would decompress to 419430400 bytes: refused"),
        ("cell_count", "counts.csv", b"a;b;c\n1;2;3\n", "counts.", "export|file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_kept_and_says_why(scene, kind, name, data, code, cure) -> None:
    story = scene("opened")
    attached = attach(story, kind, name, data)
    assert attached.state == FileState.UNREADABLE
    assert attached.problem["code"].startswith(code) or kind == "cell_count", attached.problem
    assert re.search(cure, attached.problem["message"]), attached.problem["message"]
    set_apart(story, attached, data, "file.refused")


@pytest.mark.parametrize(
    ("keyword", "value", "never"),
    [
        ("PATIENT NAME", "Jansen, Willem", "Jansen"),
        ("$COM", "born 03-05-1961", "03-05-1961"),
        ("DOB", "1961-05-03", "1961-05-03"),
    ],
)
def test_a_file_that_seems_to_name_a_patient_is_quarantined_and_never_rewritten(scene, keyword, value, never) -> None:
    story = scene("opened")
    data = tube(keywords={keyword: value})
    attached = attach(story, "flow", "tube.fcs", data)
    assert (attached.state, attached.problem["code"]) == (FileState.QUARANTINED, "file.personal")
    assert keyword in attached.problem["message"]
    assert "pseudonym" in attached.problem["message"]
    set_apart(story, attached, data, "file.quarantined")
    for entry in story.entries(story.who.analyst):
        assert never.encode() not in bytes(entry.payload), "the ledger must not repeat what the file gave away"
    assert never not in str(attached.facts)


def test_digits_that_only_could_be_a_patients_number_stop_nothing_and_are_shown(scene) -> None:
    story = scene("opened")
    run = story.run("flow")
    attached = attach(story, "flow", "tube.fcs", tube(keywords={"BEADS": "Lot 111222333"}))
    assert attached.state == FileState.READY
    browser = Client()
    browser.post("/account/login/", {"login": "analyst@sure.example", "password": PASSWORD})
    page = browser.get(f"/o/sure/runs/{run.pk}").content.decode()
    assert "Digits in BEADS could be a national number" in page
    assert "withdraw the file and export it again" in page
    assert "111222333" not in page
    sure = attach(story, "flow", "other.fcs", tube(keywords={"BEADS": "BSN 111222333"}))
    assert (sure.state, sure.problem["code"]) == (FileState.QUARANTINED, "file.personal")
    withdrawn = raw_files.withdraw_file(actor=story.who.analyst, file=attached, reason="a patient's number")
    assert withdrawn.state == FileState.WITHDRAWN
    assert "Digits in BEADS" not in browser.get(f"/o/sure/runs/{run.pk}").content.decode()


def test_a_counters_lot_number_is_shown_with_its_line(scene) -> None:
    story = scene("opened")
    at = f"{files.clock():%m/%d/%Y %H:%M}"
    header, *rows = vicell_blu((Suspension(LABELS["flow"], 1.4e6, 93.0),), 7, analysed_at=at).decode().splitlines()
    export = "\r\n".join([f"{header},Reagent lot", *(f"{row},111222333" for row in rows)]) + "\r\n"
    attached = attach(story, "cell_count", "count.csv", export.encode())
    assert attached.state != FileState.UNREADABLE, attached.problem
    assert (attached.problem.get("code"), doubt_of(attached)[:30]) == (None, "Digits in line 2, Reagent lot;")


def test_a_quarantined_file_is_used_after_a_reviewers_word_only(scene) -> None:
    story = scene("opened")
    attached = attach(story, "flow", "tube.fcs", tube(serial="UNKNOWN-7", events=EVENTS))
    assert attached.problem["code"] == "file.unknown_instrument"
    raw_files.release_file(actor=story.who.reviewer, file=story.fresh(attached), reason="loan instrument, papers seen")
    assert story.fresh(attached).state == FileState.READY
    jobs.drain()
    (analysis,) = [story.get(Analysis, run=story.run("flow"))]
    assert analysis.state == "done"
    assert story.entries(story.who.analyst)[-1].content["actor"]["person"] == str(story.who.reviewer.person_id)


@pytest.mark.parametrize("by", ["expired", "unknown"])
def test_an_instrument_that_is_unknown_or_not_qualified_is_named(scene, by: str) -> None:
    story = scene("opened")
    serial = "SIM-FC-0999"
    if by == "expired":
        catalogue.register_equipment(
            actor=story.who.analyst, code="FC-09", name="Old cytometer", kind="flow", serial=serial,
            qualified_until=timezone.now() - timedelta(days=1),
        )  # fmt: skip
    data = tube(serial=serial)
    attached = attach(story, "flow", "tube.fcs", data)
    code = {"expired": "file.instrument_not_qualified", "unknown": "file.unknown_instrument"}[by]
    assert (attached.state, attached.problem["code"]) == (FileState.QUARANTINED, code)
    assert re.search("Requalify|Register it", attached.problem["message"])
    assert (serial in attached.problem["message"]) or ("FC-09" in attached.problem["message"])
    set_apart(story, attached, data, "file.quarantined")


def test_a_file_of_another_run_is_quarantined_with_both_names(scene) -> None:
    story = scene("opened")
    data = tube(sample="CART-0815.A")
    attached = attach(story, "flow", "tube.fcs", data)
    assert (attached.state, attached.problem["code"]) == (FileState.QUARANTINED, "file.other_run")
    assert "CART-0815.A" in attached.problem["message"]
    assert LABELS["flow"] in attached.problem["message"]
    set_apart(story, attached, data, "file.quarantined")


def test_a_label_that_only_begins_alike_is_another_sample(scene) -> None:
    story = scene("opened")
    assert attach(story, "flow", "a.fcs", tube(sample=LABELS["flow"] + "2")).state == FileState.QUARANTINED
    assert attach(story, "flow", "b.fcs", tube(sample=LABELS["flow"] + "-2")).state == FileState.READY


def test_the_same_bytes_are_attached_once_under_any_name_and_to_any_run(scene) -> None:
    story = scene("opened")
    data = tube()
    first = attach(story, "flow", "tube.fcs", data)
    before = story.standing()
    for kind, name in (("flow", "copy.fcs"), ("qpcr", "tube.fcs")):
        with pytest.raises(raw_files.FileAlreadyAttached, match="attached to run R-") as refused:
            attach(story, kind, name, data)
        said = refused.value.facts
        assert (said["run"], said["name"]) == (story.run("flow").number, "tube.fcs")
    assert story.standing() == before
    assert story.vault.remains() == []
    raw_files.withdraw_file(actor=story.who.analyst, file=story.fresh(first), reason="wrong run")
    again = attach(story, "flow", "again.fcs", data)
    assert again.file_id == first.file_id, "the bytes are on the books once"


def test_a_method_that_gates_on_a_missing_channel_fails_with_the_channels_name(scene) -> None:
    story = scene("founded")
    source = (tale.examples() / "flow/car-t-identity-viability.toml").read_bytes()
    source = source.replace(b'version = "1.0"', b'version = "1.1"').replace(b'channel = "CD19"', b'channel = "CD777"')
    tale._approve(story.who, story.who.reviewer, catalogue.draft_method(actor=story.who.analyst, source=source))
    request = tale.request_batch(story.who, "CART-0001", "P-1")
    order = tale.accept_and_receive(story.who, request, LABELS)
    opened = tale.open_runs(story.who, order)
    attach(story, "flow", "tube.fcs", tube(events=EVENTS))
    jobs.drain()
    analysis = story.get(Analysis, run=opened["flow"])
    assert analysis.state == "failed"
    assert "channel" in analysis.problem["code"]
    assert "CD777" in analysis.problem["message"]
    assert story.events(story.who.analyst)[-1] == "analysis.failed"
    with story.as_(story.who.analyst):
        assert Result.objects.count() == 0
    assert {test.state for test in story.tests(run=opened["flow"])} == {"running"}
    assert story.get(DocumentVersion, pk=opened["flow"].method_id).version == "1.1"


@pytest.mark.parametrize("chapter", ["submitted", "reviewed", "certified"])
def test_a_closed_run_takes_no_file_entry_or_release(scene, chapter: str) -> None:
    story = scene(chapter)
    run, sample = story.run("cell_count"), story.sample("flow")
    with story.as_(story.who.analyst):
        attached = RunFile.objects.select_related("run__method", "file").filter(run=run).first()
        entry = run.entries.select_related("run__method", "sample").first()
    assert attached
    assert entry
    analyst, reviewer = story.who.analyst, story.who.reviewer
    proof = story.who.proof(story.who.second)
    before = story.standing()
    attempts = [
        lambda: attach(story, "cell_count", "late.csv", files.counts(LABELS["flow"], SEED + 1)[1]),
        lambda: worksheets.write_entry(
            actor=analyst, run=run, code="dilution", value="2", sample=sample, reason="late"
        ),
        lambda: worksheets.check_entry(actor=story.who.second, entry=entry, proof=proof, seen=""),
        lambda: worksheets.set_plate_map(actor=analyst, run=run, wells={"A1": {"sample": "x"}}, reason="late"),
        lambda: raw_files.assign_file(actor=analyst, file=attached, role="counts", sample=None),
        lambda: raw_files.withdraw_file(actor=analyst, file=attached, reason="late"),
        lambda: raw_files.release_file(actor=reviewer, file=attached, reason="late"),
    ]
    for attempt in attempts:
        with pytest.raises(NotPossibleNow) as refused:
            attempt()
        assert refused.value.state in ("submitted", "reviewed")
    assert story.standing() == before


def test_a_file_older_than_its_material_is_set_apart(scene) -> None:
    story = scene("opened")
    data = tube(started="2026-03-03T09:15:00")
    attached = attach(story, "flow", "old.fcs", data)
    assert (attached.state, attached.problem["code"]) == (FileState.QUARANTINED, "file.before_collection")
    assert "2026-03-03 09:15 CET" in attached.problem["message"]
    assert "have the instrument's clock checked" in attached.problem["message"]
    set_apart(story, attached, data, "file.quarantined")


def test_a_file_measured_before_receipt_is_used_and_answered_by_the_reviewer(scene) -> None:
    """The material existed, but was not here yet: perhaps the clock is wrong, perhaps the label."""
    story = scene("opened")
    at = timezone.now() - timedelta(hours=2)
    worksheets.write_entry(
        actor=story.who.analyst, run=story.run("cell_count"), code="dilution", value="1", sample=story.sample("flow")
    )
    attached = attach(story, "cell_count", *files.counts(LABELS["flow"], SEED, at=at))
    assert attached.state == FileState.READY
    run = story.run("cell_count")
    with story.as_(story.who.reviewer):
        keys = [one.key for one in reviews.exceptions(run)]
    assert f"early:{attached.pk.hex}.{attached.sample_id.hex if attached.sample_id else ''}" in keys
