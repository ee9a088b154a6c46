"""The story of the demo, told further: an interim report, material that never came, a certificate issued again.

Each certificate is judged by what anybody can run, ``verify``, with the trust list and the raw files.
"""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from atmpxb.platform.demo import files, network, story
from atmpxb.quality import publishing
from atmpxb.quality.actions import orders
from atmpxb.quality.actions.reviews import NotReady
from atmpxb.quality.certificate import attachments
from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate, Order, Publication, Run, Sample
from atmpxb.quality.proof.folder import RawFolder
from atmpxb.quality.proof.verify import Report, verify
from atmpxb.quality.saying import voice
from atmpxb.quality.states import CertificateState
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.signatures.printed import normalised, printed_text

PASSWORD = "a demo password, 2026"
LABELS = {"flow": "B-1.A", "dna": "B-1.B", "micro": "B-1.C"}


@pytest.fixture
def who(database: str, signer: Path) -> story.Cast:
    network.found(PASSWORD)
    who = story.cast(PASSWORD)
    story.set_up(who)
    return who


def received(who: story.Cast, missing: str = "") -> Order:
    """A batch whose material arrived, but for one aliquot."""
    request = story.request_batch(who, "B-1", "P-1")
    if not missing:
        return story.accept_and_receive(who, request, LABELS)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        seen = type(request).objects.select_related("specification", "batch").get(pk=request.pk)
    order = orders.accept_request(actor=who.analyst, request=seen)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        samples = list(Sample.objects.filter(order=order).select_related("order__request__specification"))
    for sample in samples:
        if sample.aliquot == missing:
            orders.report_missing(actor=who.analyst, sample=sample, reason="the vial was broken on arrival")
        else:
            orders.receive_sample(
                actor=who.analyst, sample=sample, label=LABELS[sample.aliquot],
                volume_ul=story.VOLUMES[sample.aliquot], temperature_c=Decimal("18.5"),
            )  # fmt: skip
    return order


def measured(who: story.Cast, order: Order, kinds: tuple[str, ...]) -> dict[str, Run]:
    """The runs of these kinds, measured, signed and reviewed; others are left open."""
    opened = story.open_runs(who, order)
    if "flow" in kinds:
        for name, data in files.tubes(LABELS["flow"], 5, count=1, events=20_000):
            story.attach(who, opened["flow"], name, data)
    if "cell_count" in kinds:
        story.attach(who, opened["cell_count"], *files.counts(LABELS["flow"], 5))
    if "qpcr" in kinds:
        story.attach(who, opened["qpcr"], *files.plate({LABELS["dna"]: 1.8}, 5))
    if "transcription" in kinds:
        report = files.partner_certificate(LABELS["micro"])
        story.attach(who, opened["transcription"], *report)
    story.write_bench(who, opened, kinds, LABELS["micro"])
    jobs.drain()
    for kind in kinds:
        story.submit(who, opened[kind])
        story.review(who, opened[kind])
    return opened


def issued(who: story.Cast, order: Order, folder: Path, **wanted: str) -> tuple[bytes, Report]:
    """A certificate as a reader gets it, and what ``verify`` says of it."""
    certificate = story.approve(who, order, **wanted)
    jobs.drain()
    with acting_for(who.head.organisation_id, who.head.person_id):
        package = publishing.export(certificate.pk, folder)
    pdf = package.certificate.read_bytes()
    return pdf, verify(pdf, RawFolder(package.raw), package.trust.read_bytes(), voices=voice)


def said(report: Report) -> dict[str, str]:
    return {line.check: line.message for line in report.lines}


def test_a_missing_vial_stands_on_the_certificate_and_nothing_is_concluded(who: story.Cast, tmp_path: Path) -> None:
    order = received(who, missing="dna")
    measured(who, order, ("observation", "flow", "cell_count", "transcription"))
    pdf, report = issued(who, order, tmp_path, language="nl")
    assert report.holds, said(report)
    record = parse(attachments.extract(pdf)["record.json"])
    line = next(test for test in record.tests if test.code == "vcn")
    assert (line.status, line.reason, line.results) == ("not_tested", "the vial was broken on arrival", ())
    assert record.kind == "final"
    assert record.conclusion.verdict == "undetermined"
    text = printed_text(pdf)
    for words in ("Niet getest", "the vial was broken on arrival", "een test ervan is niet uitgevoerd", "uitbesteed"):
        assert normalised(words) in text
    assert "{'en'" not in text


def test_an_interim_report_then_the_certificate_then_a_correction(who: story.Cast, tmp_path: Path) -> None:
    order = received(who)
    opened = measured(who, order, ("observation", "flow"))
    pdf, report = issued(who, order, tmp_path / "1", kind="interim")
    assert report.holds, said(report)
    assert report.kind == "interim"
    assert all("INTERIM" in page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)

    with pytest.raises(NotReady, match="Wait for its review"):
        story.approve(who, order)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        waiting = {kind: Run.objects.get(pk=opened[kind].pk) for kind in ("cell_count", "qpcr", "transcription")}
    story.attach(who, waiting["qpcr"], *files.plate({LABELS["dna"]: 1.8}, 5))
    story.attach(who, waiting["cell_count"], *files.counts(LABELS["flow"], 5))
    partner = files.partner_certificate(LABELS["micro"])
    story.attach(who, waiting["transcription"], *partner)
    story.write_bench(who, opened, ("cell_count", "transcription"), LABELS["micro"])
    jobs.drain()
    for run in waiting.values():
        story.submit(who, run)
        story.review(who, run)
    pdf, report = issued(who, order, tmp_path / "2")
    assert report.holds, said(report)
    record = parse(attachments.extract(pdf)["record.json"])
    assert record.conclusion.verdict == "complies"
    assert record.replaces is not None
    assert (record.version, record.replaces.version) == (2, 1)
    (partner_work,) = record.subcontracted
    assert partner_work.organisation.name == "at.las"
    assert partner_work.organisation.id
    assert partner_work.tests == ("sterility", "endotoxin")
    assert len(PdfReader(io.BytesIO(pdf)).pages) <= 8

    with pytest.raises(NotReady, match="Say why"):
        story.approve(who, order)
    pdf, report = issued(who, order, tmp_path / "3", reason="The client's address was corrected.")
    assert report.holds, said(report)
    assert f"{record.number} version 2" in said(report)["replaces"]
    assert "The client's address was corrected." in said(report)["replaces"]
    with acting_for(who.head.organisation_id, who.head.person_id):
        states = list(Certificate.objects.order_by("version").values_list("state", flat=True))
        followed = list(Publication.objects.order_by("issued_at").values_list("superseded_by", flat=True))
    assert states == [CertificateState.SUPERSEDED, CertificateState.SUPERSEDED, CertificateState.ISSUED]
    number = record.number
    assert followed == [f"{number} v2", f"{number} v3", ""]


def test_a_certificate_that_is_being_issued_is_not_approved_twice(who: story.Cast) -> None:
    order = received(who)
    measured(who, order, ("observation",))
    story.approve(who, order, kind="interim")
    with pytest.raises(NotReady, match=r"(?i)being issued"):
        story.approve(who, order, kind="interim")
