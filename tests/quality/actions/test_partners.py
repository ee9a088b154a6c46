"""Tests that another laboratory does: which one, where it is, and that the certificate says so."""

import pytest

from atmpxb.quality.actions import runs
from atmpxb.quality.certificate import drafting
from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate, Run
from scenes import story as tale

OUTSIDE = {"performed_by_name": "Sterility House", "performed_by_address": "1 Broth Lane, Leeds, United Kingdom"}


def waiting(story):
    return [test for test in story.tests() if test.method.document.code == "TR-001"]


def test_a_partner_of_the_network_stands_on_the_certificate_as_the_network_knows_it(scene) -> None:
    story = scene("certified")
    partner = story.organisation(tale.PARTNER)
    assert story.run("transcription").performed_by_id == partner.pk
    record = parse(story.get(Certificate).record.encode())
    (part,) = record.subcontracted
    assert (part.organisation.id, part.organisation.name, part.organisation.address, part.organisation.country) == (
        str(partner.pk), partner.name, partner.address, "BE",
    )  # fmt: skip
    assert partner.address
    done = {line.code: (line.performed_by, line.subcontracted) for line in record.tests}
    assert done["sterility"] == (partner.name, True)
    assert done["viability"] == ("Sure Laboratories", False)


def test_a_laboratory_outside_the_network_is_named_with_its_address(scene) -> None:
    story = scene("received")
    run = runs.open_run(actor=story.who.analyst, tests=waiting(story), **OUTSIDE)
    with story.as_(story.who.analyst):
        organisation = drafting._performer(Run.objects.get(pk=run.pk))
    assert (organisation.id, organisation.name, organisation.address) == ("", *OUTSIDE.values())


@pytest.mark.parametrize(
    ("who", "named", "cure"),
    [
        ("atlas", OUTSIDE, "Choose the partner, or write"),
        (tale.LAB, {}, "Leave it empty"),
        (None, {"performed_by_name": "Sterility House"}, "Write both"),
        (None, {"performed_by_address": "1 Broth Lane"}, "Write both"),
    ],
)
def test_who_does_the_work_is_said_in_one_clear_way(scene, who, named, cure: str) -> None:
    story = scene("received")
    before = story.standing()
    with pytest.raises(runs.PartnerUnclear, match=cure):
        runs.open_run(
            actor=story.who.analyst,
            tests=waiting(story),
            performed_by=story.organisation(who) if who else None,
            **named,
        )
    assert story.standing() == before
