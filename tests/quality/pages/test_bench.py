"""The bench as its people see it: from the client's request to a run that waits for review."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.test import Client

from atmpxb.platform.demo import files, story
from atmpxb.quality.actions import orders
from atmpxb.quality.models import Order, Request, Run, RunFile, Sample
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.models import Access
from quality.pages.conftest import EVENTS, LABELS, PASSWORD, SignIn

HERE = "/o/sure"


def shown(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content[-600:]
    return answer.content.decode()


def post(client: Client, address: str, **fields: Any) -> tuple[int, str]:
    """Send a form as htmx does: where it leads, or the refusal that came back."""
    answer = client.post(address, fields, headers={"HX-Request": "true"})
    return answer.status_code, answer.headers.get("HX-Redirect") or answer.content.decode()


def seen_on(page: str) -> str:
    found = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found, "the page offers nothing to sign"
    return str(found[-1])  # what is signed forward stands below what takes it out of use


def put(client: Client, run: Run, name: str, data: bytes) -> Any:
    return client.put(
        f"{HERE}/runs/{run.pk}/files",
        data,
        content_type="application/octet-stream",
        headers={"X-File-Name": name},
    )


def test_a_request_is_accepted_and_its_samples_received(
    cast: story.Cast, request_made: Request, sign_in: SignIn
) -> None:
    analyst = sign_in("analyst", "sure")
    today = shown(analyst, f"{HERE}/today")
    assert "anicells asks to test batch CART-0001" in today
    assert "Vector copy number" in today, "the lines of the specification"
    assert "Cell pellet for qPCR" in today, "the sampling plan"
    status, target = post(analyst, f"{HERE}/today/requests/{request_made.pk}/accept")
    assert status == 200
    receipt = shown(analyst, target)
    assert re.search(r"Recorded · .*#\d+", receipt), "the page says what is recorded"
    assert "Not received yet" in receipt, "its tests are blocked, with the cure"

    received = shown(analyst, f"{HERE}/receive?label=CART-0001.A")
    expected = re.findall(r'<option value="([0-9a-f-]{36})"', received)
    assert len(expected) == 3
    taking = {"sample": expected[0], "label": "CART-0001.A", "temperature_c": "18,5", "condition": "Sealed"}
    status, page = post(analyst, f"{HERE}/receive/take", volume_ul="half a mL", **taking)
    assert status == 422
    assert "half a mL is not a number" in page
    status, target = post(analyst, f"{HERE}/receive/take", volume_ul="20,5", **taking)
    assert (status, target.split("?")[0]) == (200, f"{HERE}/receive"), "the page stays open for the next one"
    page = shown(analyst, target)
    assert "On hold" in page, "less than the plan asks for"
    assert "20.5" in page
    assert "This label is received already" in shown(analyst, f"{HERE}/receive?label=CART-0001.A")
    status, page = post(
        analyst,
        f"{HERE}/receive/take",
        sample=expected[1],
        label="CART-0001.A",
        volume_ul="200",
        temperature_c="4",
    )
    assert status == 422
    assert "is on another container" in page


def test_a_held_sample_blocks_its_tests_until_a_reviewer_lifts_the_hold(
    cast: story.Cast, order: Order, sign_in: SignIn
) -> None:
    analyst, reviewer = sign_in("analyst", "sure"), sign_in("reviewer", "sure")
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        sample = Sample.objects.get(label=LABELS["dna"])
    orders.hold_sample(actor=cast.analyst, sample=sample, reason="Leaked")
    assert "On hold: Leaked" in shown(analyst, f"{HERE}/today")
    status, page = post(analyst, f"{HERE}/samples/{sample.pk}/lift-hold", reason="fine")
    assert status == 403
    assert "Reviewer" in page, "who can"
    status, page = post(reviewer, f"{HERE}/samples/{sample.pk}/lift-hold", reason="")
    assert status == 422
    status, target = post(reviewer, f"{HERE}/samples/{sample.pk}/lift-hold", reason="Outer bag only")
    assert status == 200
    page = shown(reviewer, target)
    assert "Hold lifted" in page
    assert "Outer bag only" in page, "the history says why"
    assert "On hold: Leaked" not in shown(analyst, f"{HERE}/today")


def test_a_run_follows_one_method(cast: story.Cast, order: Order, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    values = re.findall(r'name="tests" value="([^"]+)"', shown(analyst, f"{HERE}/today"))
    assert len(values) == 5, "the tests of one method on one sample start together"
    status, page = post(analyst, f"{HERE}/runs/new", tests=values)
    assert status == 422
    assert "Choose tests of one method" in page
    flow = re.findall(r'name="tests" value="([^"]+)" checked', shown(analyst, f"{HERE}/today?method=FC-010"))
    status, target = post(analyst, f"{HERE}/runs/new", tests=flow)
    assert status == 200
    assert "Stained" in shown(analyst, target), "the checklist names what the method needs"
    status, _ = post(sign_in("reviewer", "sure"), f"{HERE}/runs/new", tests=values[0])
    assert status == 403


def test_files_in_results_out_and_submitted(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn, work: Callable[[], None]
) -> None:
    analyst, run = sign_in("analyst", "sure"), opened["flow"]
    address = f"{HERE}/runs/{run.pk}"
    page = shown(analyst, address)
    assert "be submitted yet" in page, "pressing the primary says why"
    assert 'name="seen"' not in page
    for name, data in files.tubes(LABELS["flow"], 1, count=2, events=EVENTS):
        assert put(analyst, run, name, data).status_code == 201
    running = shown(analyst, f"{address}/progress")
    assert 'hx-trigger="every 1s' in running, "it asks until the analysis is done"
    work()
    page = shown(analyst, address)
    assert "every 1s" not in page
    assert page.index("Controls") < page.index(">Results<"), "controls before results"
    assert "Viability by 7-AAD" in page

    plot = re.search(rf"{address}/plots/[0-9a-f-]+\.svg", page)
    assert plot
    picture = analyst.get(plot[0])
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture["Content-Security-Policy"] == "default-src 'none'; img-src data:; sandbox"
    assert "immutable" in picture["Cache-Control"]
    assert picture.content.startswith(b"<svg")

    status, refusal = post(analyst, f"{address}/submit", password="wrong", seen=seen_on(page), place="refusal-sign")
    assert status == 422
    assert 'id="refusal-sign"' in refusal
    assert "attempts left: 4" in refusal
    status, refusal = post(analyst, f"{address}/submit", password=PASSWORD, seen="0" * 64)
    assert status == 412, "something else than what was seen"
    status, target = post(analyst, f"{address}/submit", password=PASSWORD, seen=seen_on(page))
    assert status == 200
    page = shown(analyst, target)
    assert "Waiting for review" in page
    assert "data-drop" not in page, "nothing can be added any more"


def test_a_number_opens_on_where_it_comes_from(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn, work: Callable[[], None]
) -> None:
    analyst, run = sign_in("analyst", "sure"), opened["flow"]
    tubes = list(files.tubes(LABELS["flow"], 1, count=2, events=EVENTS))
    for name, data in tubes:
        put(analyst, run, name, data)
    work()
    link = re.search(rf"{HERE}/results/[0-9a-f-]+", shown(analyst, f"{HERE}/runs/{run.pk}"))
    assert link
    page = shown(analyst, link[0])
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        attached = list(RunFile.objects.filter(run=run).select_related("file"))
    assert all(one.file.sha256 in page for one in attached)
    assert run.method.sha256 in page
    assert "atmpxb verify" in page
    download = analyst.get(f"{HERE}/files/{attached[0].pk}")
    assert b"".join(download.streaming_content) == dict(tubes)[attached[0].name]  # type: ignore[attr-defined]
    assert download["Content-Disposition"].startswith("attachment")
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        assert Access.objects.filter(subject=f"raw file {attached[0].file.sha256}").exists(), "downloads are logged"
    dutch = sign_in("analyst2", "sure", "nl")
    assert "Waarde, niet afgerond" in shown(dutch, link[0])


def test_a_file_of_an_unknown_instrument_is_set_apart_and_released_by_a_reviewer(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn
) -> None:
    from atmpxb.science.simulate.flow.tube import Composition, simulate_tube

    analyst, reviewer, run = sign_in("analyst", "sure"), sign_in("reviewer", "sure"), opened["flow"]
    tube = simulate_tube(3, events=EVENTS, composition=Composition(), sample=LABELS["flow"], serial="STRANGER-9")
    answer = put(analyst, run, "odd.fcs", tube.data)
    assert answer.status_code == 422
    assert "STRANGER-9 is not registered" in answer.json()["cure"]
    assert "STRANGER-9" in shown(analyst, f"{HERE}/instruments"), "the page offers to register it"
    page = shown(analyst, f"{HERE}/runs/{run.pk}")
    assert "Set apart" in page
    assert "/release" not in page
    release = re.search(rf"{HERE}/runs/{run.pk}/files/[0-9a-f-]+/release", shown(reviewer, f"{HERE}/runs/{run.pk}"))
    assert release
    status, _ = post(analyst, release[0], reason="mine")
    assert status == 403
    status, target = post(reviewer, release[0], reason="Loan instrument, qualified at the owner's")
    assert status == 200
    assert "Loan instrument" in shown(reviewer, target)


def test_a_broken_file_says_what_is_wrong_and_stays_on_record(opened: dict[str, Run], sign_in: SignIn) -> None:
    analyst, run = sign_in("analyst", "sure"), opened["flow"]
    data = next(files.tubes(LABELS["flow"], 1, count=1, events=EVENTS))[1]
    answer = put(analyst, run, "cut.fcs", data[: len(data) // 2])
    assert answer.status_code == 422
    assert answer.json()["kept"], "not to be sent again"
    page = shown(analyst, f"{HERE}/runs/{run.pk}")
    assert "cut.fcs" in page
    assert "Not readable" in page


def test_an_entry_is_checked_by_a_second_person(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn, work: Callable[[], None]
) -> None:
    analyst, second, run = sign_in("analyst", "sure"), sign_in("analyst2", "sure"), opened["observation"]
    address = f"{HERE}/runs/{run.pk}"
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        sample = run.tests.select_related("sample").get().sample
    writing = {"code": "appearance", "sample": sample.pk}
    assert post(analyst, f"{address}/entries", value="purple", **writing)[0] == 422
    assert post(analyst, f"{address}/entries", value="clumps", **writing)[0] == 200
    status, refusal = post(analyst, f"{address}/entries", value="opaque_free", **writing)
    assert status == 422
    assert "A correction needs a reason" in refusal
    assert post(analyst, f"{address}/entries", value="opaque_free", reason="Wrong line", **writing)[0] == 200
    page = shown(analyst, address)
    assert "<del>Clumps" in page, "the first value stays readable"
    assert "A colleague must check this." in page
    link = re.search(rf"{address}/entries/[0-9a-f-]{{36}}", shown(second, address))
    assert link
    seen = seen_on(shown(second, link[0]))
    assert post(analyst, f"{link[0]}/check", password=PASSWORD, seen=seen)[0] == 422, "not by the writer"
    assert post(second, f"{link[0]}/check", password=PASSWORD, seen=seen)[0] == 200
    work()
    assert "Complies" in shown(analyst, address)


def test_a_plate_map_is_text_and_its_mistakes_are_named_by_line(opened: dict[str, Run], sign_in: SignIn) -> None:
    analyst, run = sign_in("analyst", "sure"), opened["qpcr"]
    address = f"{HERE}/runs/{run.pk}/plate"
    status, refusal = post(analyst, address, wells="well,sample\nA1,X\nZ9,Y\nA01,X")
    assert status == 422
    assert "Line 3: Z9 is no well" in refusal
    assert "Line 4: well A1 stands here twice" in refusal
    status, target = post(analyst, address, wells="A1;STD-1;std;1000000\nH12;NTC;ntc")
    assert status == 200
    page = shown(analyst, target)
    assert page.count('class="well"') == 96
    assert "A1,STD-1,std,1000000" in page, "it can be changed as text"
    status, refusal = post(analyst, address, wells="A1,STD-2")
    assert status == 422
    assert "needs a reason" in refusal


def test_a_method_is_drafted_by_one_and_approved_by_another(cast: story.Cast, sign_in: SignIn) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    analyst, reviewer = sign_in("analyst", "sure"), sign_in("reviewer", "sure")
    source = (story.examples() / "counts/appearance.toml").read_text().replace('version = "1.0"', 'version = "1.1"')
    broken = SimpleUploadedFile("m.toml", source.replace("[[reportables]]", "[[reports]]").encode())
    status, refusal = post(analyst, f"{HERE}/methods/draft", document=broken)
    assert status == 422
    assert "reports" in refusal, "what is wrong with the document"
    status, target = post(analyst, f"{HERE}/methods/draft", document=SimpleUploadedFile("m.toml", source.encode()))
    assert status == 200
    page = shown(analyst, target)
    assert "You drafted this version" in page
    assert "Turbid suspension" in page, "the document can be read"
    seen = seen_on(shown(reviewer, target))
    address = target.split("?")[0]
    assert post(reviewer, f"{address}/approve", password=PASSWORD, seen=seen)[0] == 200
    assert "Effective" in shown(reviewer, address)
    listed = shown(analyst, f"{HERE}/methods")
    assert "OB-001 1.1" in listed
    assert "Superseded" in listed


def test_an_instrument_is_registered_once(cast: story.Cast, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    form = {"code": "FC-02", "name": "Cytometer", "kind": "flow", "serial": "S-2", "qualified_until": "2031-03-01"}
    assert post(analyst, f"{HERE}/instruments/register", **form)[0] == 200
    page = shown(analyst, f"{HERE}/instruments")
    assert "FC-02" in page
    assert "2 Mar 2031 00:00 CET" in page, "until the end of the last day, by the laboratory's clock"
    status, refusal = post(analyst, f"{HERE}/instruments/register", **form)
    assert status == 422
    assert "registered already" in refusal


def test_nobody_else_sees_the_bench(cast: story.Cast, opened: dict[str, Run], sign_in: SignIn) -> None:
    run = opened["flow"]
    client, qp = sign_in("client", "anicells"), sign_in("qp", "anicells")
    shown(client, f"{HERE}/runs/{run.pk}", 404)
    shown(client, "/o/anicells/today", 403)
    shown(qp, f"/o/anicells/runs/{run.pk}", 404)
    shown(qp, f"/o/anicells/results/{uuid4()}", 404)
    assert post(qp, f"/o/anicells/runs/{run.pk}/analyse")[0] == 404
    administrator = sign_in("administrator", "sure")
    shown(administrator, f"{HERE}/today", 403)
    shown(administrator, f"{HERE}/methods")
    assert Client().get(f"{HERE}/today").status_code == 302, "a visitor signs in first"


def test_looking_at_a_clients_request_is_logged(cast: story.Cast, request_made: Request, sign_in: SignIn) -> None:
    shown(sign_in("analyst", "sure"), f"{HERE}/today")
    with acting_for(cast.client.organisation_id, cast.client.person_id):
        looks = list(Access.objects.filter(event="record.viewed").values_list("owner_id", "subject"))
    assert looks == [(cast.client.organisation_id, f"request {request_made.number}")]


def test_forms_work_without_scripts(cast: story.Cast, order: Order, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    answer = analyst.post(f"{HERE}/runs/new", {"tests": []})
    assert answer.status_code == 422
    assert b"Go back" in answer.content
    value = re.findall(r'name="tests" value="([^"]+)"', shown(analyst, f"{HERE}/today"))[0]
    answer = analyst.post(f"{HERE}/runs/new", {"tests": value})
    assert answer.status_code == 302
    assert "/runs/" in answer["Location"]
