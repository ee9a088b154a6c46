"""A body that stops arriving costs a thread of the web for a while and not for ever."""

import io
import threading
import time
from collections.abc import Iterator

import pytest

from atmpxb.platform.arriving import PIECE, Body, TooSlow, impatient


class Wire:
    """A connection on which one sends by hand; a read waits for all its bytes, as the server's does."""

    def __init__(self) -> None:
        self.sent, self.more = bytearray(), threading.Condition()
        self.closed = False

    def send(self, data: bytes) -> None:
        with self.more:
            self.sent += data
            self.more.notify()

    def close(self) -> None:
        with self.more:
            self.closed = True
            self.more.notify()

    def read(self, size: int, /) -> bytes:
        with self.more:
            self.more.wait_for(lambda: self.closed or len(self.sent) >= size)
            found = bytes(self.sent[:size])
            del self.sent[:size]
            return found


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 10 * PIECE + 7])
def test_every_byte_arrives_in_order_however_it_is_asked_for(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert Body(io.BytesIO(data)).read() == data
    one, found = Body(io.BytesIO(data)), b""
    while piece := one.read(100_000):
        assert len(piece) == min(100_000, size - len(found))
        found += piece
    assert found == data


def test_lines_are_those_of_a_file() -> None:
    data = b"first\n" + b"x" * (2 * PIECE) + b"\n\nlast"
    assert list(Body(io.BytesIO(data))) == data.splitlines(keepends=True)
    body = Body(io.BytesIO(data))
    assert [body.readline(3), body.readline(3), body.readline(10), body.read(2)] == [b"fir", b"st\n", b"x" * 10, b"xx"]


def test_who_sends_nothing_more_is_given_up(wire: Wire) -> None:
    wire.send(b"x" * (PIECE + 10))
    body = Body(wire, patience=0.2)
    assert body.read(10) == b"x" * 10
    began = time.monotonic()
    with pytest.raises(TooSlow):
        body.read(PIECE + 1)
    assert 0.15 < time.monotonic() - began < 5
    assert len(body.read()) == PIECE - 10, "what had arrived, without another wait"


def test_who_is_slow_but_goes_on_is_waited_for(wire: Wire) -> None:
    body = Body(wire, patience=1.0)

    def send() -> None:
        for _ in range(4):
            wire.send(b"y" * PIECE)
            time.sleep(0.4)
        wire.close()

    threading.Thread(target=send).start()
    assert len(body.read()) == 4 * PIECE


def test_a_broken_connection_is_told_as_it_was() -> None:
    class Broken:
        def read(self, size: int, /) -> bytes:
            raise ConnectionResetError("by peer")

    with pytest.raises(ConnectionResetError, match="by peer"):
        Body(Broken()).read(1)


def test_no_thread_stays_when_the_answer_did_not_want_the_body() -> None:
    before = set(threading.enumerate())

    def application(environ: dict[str, object], start: object) -> list[bytes]:
        body = environ["wsgi.input"]
        assert isinstance(body, Body)
        return [body.read(1)]

    answer = impatient(application)
    assert answer({"wsgi.input": io.BytesIO(bytes(20 * PIECE))}, None) == [b"\0"]
    late = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < late:
        time.sleep(0.05)
    assert not set(threading.enumerate()) - before
