"""Uploads: role, state and length are looked at before a byte is read, and no body is ever held in memory."""

import json
import tracemalloc
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404
from django.test import RequestFactory

from atmpxb.platform.arriving import TooSlow
from atmpxb.quality.models import RunFile
from atmpxb.quality.pages.uploads import upload
from scenes import LABELS, SEED, files

GIGABYTE = 1024**3


class Wire:
    """A body of any length that costs no memory, and counts what was taken from it."""

    def __init__(self, size: int) -> None:
        self.left, self.taken, self.largest = size, 0, 0

    def read(self, size: int = -1) -> bytes:
        size = min(self.left, size if size >= 0 else self.left)
        self.left, self.taken, self.largest = self.left - size, self.taken + size, max(self.largest, size)
        return bytes(size)

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def put(story, actor, run, *, body, length: str | None, name: str = "tube.fcs"):
    environ = RequestFactory().put("/").environ
    environ |= {"wsgi.input": body, "HTTP_X_FILE_NAME": name}
    environ["CONTENT_LENGTH"] = length if length is not None else ""
    request = WSGIRequest(environ)
    request.actor = actor  # type: ignore[attr-defined]
    answer = upload(request, organisation="sure", run=getattr(run, "pk", run))
    return answer.status_code, json.loads(answer.content)


def test_a_file_arrives(scene) -> None:
    import io

    story = scene("opened")
    name, data = next(files.tubes(LABELS["flow"], SEED, count=1, events=2_000))
    status, said = put(
        story,
        story.who.analyst,
        story.run("flow"),
        body=io.BytesIO(data),
        length=str(len(data)),
        name=f"C:\\data\\{name}",
    )
    assert status == 201
    assert story.vault.read(said["sha256"]) == data
    assert story.get(RunFile).name == name, "without the path of the instrument's computer"


def test_three_gigabytes_are_refused_before_a_byte_is_read(scene) -> None:
    story = scene("opened")
    before, wire = story.standing(), Wire(3 * GIGABYTE)
    status, said = put(story, story.who.analyst, story.run("flow"), body=wire, length=str(3 * GIGABYTE))
    assert (status, wire.taken) == (413, 0)
    assert "2048" in said["message"]
    assert said["cure"]
    assert story.standing() == before


def test_a_sender_that_falls_silent_is_told_and_leaves_nothing(scene) -> None:
    class Silent(Wire):
        def read(self, size: int = -1) -> bytes:
            if self.taken:
                raise TooSlow("nothing arrives")
            return super().read(size)

    story = scene("opened")
    before = story.standing()
    status, said = put(story, story.who.analyst, story.run("flow"), body=Silent(5 * 1024**2), length=str(5 * 1024**2))
    assert status == 408
    assert "stopped arriving" in said["message"]
    assert said["cure"]
    assert story.vault.remains() == []
    assert story.standing() == before


@pytest.mark.parametrize("length", [None, "", "0", "-5", "3e9", "many"])
def test_a_length_that_is_not_told_is_asked_for(scene, length) -> None:
    story = scene("opened")
    wire = Wire(3 * GIGABYTE)
    status, said = put(story, story.who.analyst, story.run("flow"), body=wire, length=length)
    assert (status, wire.taken) == (411, 0)
    assert said["cure"]


def test_a_body_longer_than_it_says_is_cut_at_what_it_says_with_bounded_memory(scene) -> None:
    """The length lies: 24 MB are announced, 3 GB are sent. The server takes what was announced and no more."""
    story = scene("opened")
    wire, announced = Wire(3 * GIGABYTE), 24 * 1024**2
    tracemalloc.start()
    status, _ = put(story, story.who.analyst, story.run("flow"), body=wire, length=str(announced))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert status == 422, "24 MB of zeros are no FCS file"
    assert wire.taken == announced
    assert peak < 12 * 1024**2, f"{peak / 1e6:.0f} MB at once"
    assert wire.largest <= 1024**2
    assert story.vault.remains() == []


def test_a_body_over_the_limit_is_dropped_while_it_streams(scene, settings) -> None:
    """Where a server hands on a body without its length being checked, the vault still stops at the limit."""
    story = scene("opened")

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1024**2)

    from atmpxb.records.vault.store import TooLarge

    tracemalloc.start()
    with pytest.raises(TooLarge):
        story.vault.receive(endless(), limit=16 * 1024**2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024**2
    assert story.vault.remains() == []


def test_a_full_disk_is_said_and_leaves_nothing(scene, monkeypatch) -> None:
    """The disk refuses the bytes as it would in the laboratory: with ENOSPC, in the midst of a write."""
    import errno
    import os

    story = scene("opened")
    before = story.standing()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, said = put(story, story.who.analyst, story.run("flow"), body=Wire(5000), length="5000")
    assert status == 507
    assert "full" in said["message"]
    assert "space" in said["cure"]
    assert story.standing() == before
    assert story.vault.remains() == []


def test_a_disk_without_a_byte_left_is_told_from_other_faults(tmp_path) -> None:
    """A small file waits in the program's memory until it is whole, so the disk refuses it at the very end, twice."""
    import resource

    from atmpxb.records.vault.store import NoRoom, Vault

    vault = Vault(tmp_path / "vault")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(NoRoom):
            vault.receive([b"small, and more than ten"], limit=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert vault.remains() == []


def test_slow_senders_can_take_only_half_of_the_threads(scene, monkeypatch) -> None:
    from threading import BoundedSemaphore

    from atmpxb.quality.pages import uploads

    story = scene("opened")
    places = BoundedSemaphore(1)
    monkeypatch.setattr(uploads, "_PLACES", places)
    with places:
        status, said = put(story, story.who.analyst, story.run("flow"), body=Wire(5000), length="5000")
    assert status == 503
    assert "again" in said["cure"]
    status, _ = put(story, story.who.analyst, story.run("flow"), body=Wire(5000), length="5000")
    assert status == 422, "5,000 zeros are no FCS file, and the place was free again"


def test_what_a_crash_cut_off_is_swept_but_not_what_still_arrives(scene) -> None:
    import os
    import time

    story = scene("opened")
    old, young = story.vault.folder / "arriving-old", story.vault.folder / "arriving-young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert story.vault.sweep() == 1
    assert story.vault.remains() == [young]


def test_a_transfer_that_breaks_off_leaves_nothing(scene) -> None:
    story = scene("opened")
    before = story.standing()
    kept = sorted(story.vault.folder.rglob("*"))
    status, said = put(story, story.who.analyst, story.run("flow"), body=Wire(1_000), length="5000")
    assert status == 400
    assert "again" in said["cure"]
    assert story.standing() == before
    assert sorted(story.vault.folder.rglob("*")) == kept


def test_who_may_not_attach_or_is_too_late_is_told_before_a_byte_is_read(scene) -> None:
    story = scene("submitted")
    wire = Wire(1_000)
    run = story.run("flow")
    for actor in (story.who.reviewer, story.who.head):
        assert put(story, actor, run, body=wire, length="1000")[0] == 403
    assert put(story, story.who.analyst, run, body=wire, length="1000")[0] == 409
    for stranger, target in ((story.who.client, run), (story.who.analyst, uuid4())):
        with pytest.raises(Http404):
            put(story, stranger, target, body=wire, length="1000")
    assert wire.taken == 0


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [(b"not fcs at all, and long enough to be asked", 422, "FCS")],
)
def test_a_file_set_apart_answers_with_the_reason(scene, body: bytes, status: int, says: str) -> None:
    import io

    story = scene("opened")
    answered, said = put(story, story.who.analyst, story.run("flow"), body=io.BytesIO(body), length=str(len(body)))
    assert answered == status
    assert says in said["cure"]
    assert story.get(RunFile).state == "unreadable"
