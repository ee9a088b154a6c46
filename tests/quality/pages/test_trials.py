"""A draft of a method is tried on files before anybody approves it: evidence in the ledger, and never a result."""

import json
import re
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client

from atmpxb.platform.demo import files, network, story
from atmpxb.quality.actions import catalogue, trials
from atmpxb.quality.models import Analysis, Plot, Result, Run, RunFile
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import NotPermitted, acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.vault.actions import vault
from atmpxb.science.simulate.flow.tube import simulate_tube
from quality.pages.conftest import EVENTS, LABELS, SignIn
from quality.pages.test_bench import post, put, shown

HERE = "/o/sure"
METHOD = "flow/car-t-identity-viability.toml"


def drafted(who: story.Cast, method: str = METHOD, version: str = "1.1", **changes: str) -> DocumentVersion:
    """The next version of an example method, put on file by the analyst."""
    source = (story.examples() / method).read_text()
    source = re.sub(r'(?m)^version = "[^"]*"', f'version = "{version}"', source, count=1)
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    return catalogue.draft_method(actor=who.analyst, source=source.encode())


def address(version: DocumentVersion) -> str:
    return f"{HERE}/methods/{version.pk}/trials"


def send(client: Client, version: DocumentVersion, name: str, data: bytes) -> Any:
    kept = client.put(
        f"{address(version)}/files", data, content_type="application/octet-stream", headers={"X-File-Name": name}
    )
    return kept.status_code, kept.json()


def tried(actor: Actor, version: DocumentVersion) -> list[dict[str, Any]]:
    """What the ledger keeps of the trials of a version."""
    with acting_for(actor.organisation_id, actor.person_id):
        found = LedgerEntry.objects.filter(subject=version.pk, event="document.tried").order_by("seq")
        return [entry.content for entry in found]


def counted(actor: Actor) -> list[int]:
    """How many rows there are of everything that could be reviewed or certified."""
    with acting_for(actor.organisation_id, actor.person_id):
        return [model._base_manager.count() for model in (Run, RunFile, Analysis, Result, Plot)]


def test_a_draft_shows_what_it_makes_of_a_file(cast: story.Cast, sign_in: SignIn) -> None:
    analyst, version = sign_in("analyst", "sure"), drafted(cast)
    assert f'href="{address(version)}"' in shown(analyst, f"{HERE}/methods/{version.pk}")
    assert "No files of this kind of test are here yet" in shown(analyst, address(version))
    before = counted(cast.analyst)
    ((name, data),) = files.tubes("DEV-01", 1, count=1, events=EVENTS)
    status, answer = send(analyst, version, name, data)
    assert status == 201, answer
    digest = sha256(data).hexdigest()
    assert f'value="{digest}" checked' in shown(analyst, address(version)), "what was just sent is what is meant"
    asked = {"file": digest, f"sample-{digest}": "DEV-01"}
    status, target = post(analyst, f"{address(version)}/attempt", **asked)
    assert status == 200, target
    page = shown(analyst, target)
    assert "A trial of a draft: nothing here is a result" in page
    assert "Recorded · " in page
    assert re.search(r"Viability.*?\d+\.\d{4,}\s*%", page, re.DOTALL), "the values as they were calculated"
    assert "Controls" in page
    assert "Complies" not in page, "there is no specification to comply with"
    plots = re.findall(r'<img src="([^"]+\.svg\?language=en)"', page)
    assert plots
    picture = analyst.get(plots[0])
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    assert counted(cast.analyst) == before, "nothing came about that could be reviewed or certified"

    (entry,) = tried(cast.analyst, version)
    facts = entry["facts"]
    assert entry["files"] == [digest]
    assert facts["sha256"] == version.sha256, "the draft by the hash of its bytes"
    kept = vault().read(facts["outcome"])
    assert canonical(json.loads(kept)) == kept, "the outcome by the digest of its one form"
    again = post(analyst, f"{address(version)}/attempt", **asked)
    assert again[0] == 200
    assert tried(cast.analyst, version)[1]["facts"]["outcome"] == facts["outcome"], "equal inputs, equal outcome"
    reviewer = shown(sign_in("reviewer", "sure"), f"{HERE}/methods/{version.pk}")
    assert f"{address(version)}/{target.split('recorded=')[1]}" in reviewer, "who approves sees what was tried"


def test_a_trial_takes_files_of_runs_and_what_is_written_at_the_bench(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn
) -> None:
    analyst = sign_in("analyst", "sure")
    data = files.counts(LABELS["flow"], 1)
    assert put(analyst, opened["cell_count"], *data).status_code == 201
    version = drafted(cast, "counts/cell-count.toml")
    page = shown(analyst, address(version))
    assert data[0] in page, "the files that the laboratory has already"
    assert f"of run {opened['cell_count'].number}" in page
    digest = sha256(data[1]).hexdigest()
    fields = {"file": digest, f"sample-{digest}": LABELS["flow"]}
    status, refusal = post(analyst, f"{address(version)}/attempt", **fields)
    assert status == 422
    assert "Dilution before counting" in refusal, "what the method asks for is asked here too"
    status, target = post(analyst, f"{address(version)}/attempt", **fields, **{"entry-dilution": "2"})
    assert status == 200, target
    page = shown(analyst, target)
    assert re.search(r"Dilution before counting[^<]*</th><td>2</td>", page), "what was written"
    assert "Viable cell" in page
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        assert not Result.objects.exists(), "the run of the file knows nothing of it"


def test_that_a_draft_can_t_analyse_a_file_is_an_outcome_too(cast: story.Cast, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    version = drafted(cast, **{'channel = "7-AAD"': 'channel = "Zombie"'})
    ((name, data),) = files.tubes("DEV-01", 1, count=1, events=EVENTS)
    assert send(analyst, version, name, data)[0] == 201
    status, target = post(analyst, f"{address(version)}/attempt", file=sha256(data).hexdigest())
    assert status == 200
    page = shown(analyst, target)
    assert "The draft could not analyse these files" in page
    assert "Zombie" in page, "which channel is missing"
    (entry,) = tried(cast.analyst, version)
    assert "Zombie" in entry["facts"]["problem"]["message"]
    assert "outcome" not in entry["facts"]


def test_hostile_files_meet_the_same_screens(cast: story.Cast, sign_in: SignIn) -> None:
    analyst, version = sign_in("analyst", "sure"), drafted(cast)
    status, answer = send(analyst, version, "cut.fcs", b"FCS3.1" + b"\0" * 100)
    assert status == 422
    assert answer["kept"], "it is on the books, and why"
    named = simulate_tube(
        1, events=2_000, sample="DEV-01", serial=files.CYTOMETER, started=files.clock().isoformat(),
        keywords={"PATIENT NAME": "Jansen, Willem"},
    ).data  # fmt: skip
    status, answer = send(analyst, version, "tube.fcs", named)
    assert status == 422
    assert "PATIENT NAME" in answer["cure"]
    assert "pseudonym" in answer["cure"]
    assert vault().read(sha256(named).hexdigest()) == named, "kept, never rewritten"
    plate = files.plate({"DEV-01": 1.8}, 1)
    status, answer = send(analyst, version, *plate)
    assert status == 422, "a file of another kind of test"
    page = shown(analyst, address(version))
    assert 'type="checkbox" name="file"' not in page, "none of them can be chosen"
    status, _refusal = post(analyst, f"{address(version)}/attempt", file=sha256(plate[1]).hexdigest())
    assert status == 422, "not even by hand"
    assert not tried(cast.analyst, version)


def test_only_drafts_are_tried_and_only_by_the_laboratory(cast: story.Cast, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", "sure")
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        effective = DocumentVersion.objects.select_related("document").get(document__code="FC-010")
    assert "Try on files" not in shown(analyst, f"{HERE}/methods/{effective.pk}")
    assert "no draft any more" in shown(analyst, address(effective))
    ((name, data),) = files.tubes("DEV-01", 1, count=1, events=EVENTS)
    status, answer = send(analyst, effective, name, data)
    assert status == 409
    assert "Draft its next version" in answer["cure"]
    version = drafted(cast)
    assert send(analyst, version, name, data)[0] == 201
    chosen = [trials.Tried(sha256(data).hexdigest(), name, "stained", "DEV-01")]
    with pytest.raises(trials.NoDraft):
        trials.try_method(actor=cast.analyst, version=effective, files=chosen, bench={})
    outsider = network.actor("administrator", "sure")
    with pytest.raises(NotPermitted):
        trials.try_method(actor=outsider, version=version, files=chosen, bench={})
    elsewhere = address(version).replace("/sure/", "/anicells/")
    assert sign_in("client", "anicells").put(f"{elsewhere}/files", data).status_code == 404
    assert sign_in("administrator", "sure").get(address(version)).status_code == 403
