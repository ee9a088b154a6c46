"""The body of a request, for which a thread of the web waits only so long.

The server hands a request over when its head is there; the body is read by the program, and a read ends when the bytes
have come or the connection is closed. Whoever sends a little and then nothing (a tablet that left the network, a
program that means ill) would keep a thread for ever, and a few of them everything. So the reading is done by a thread
of its own, which costs little and is left behind when a piece does not arrive in time. It ends with the connection.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from typing import Any, Protocol

#: A piece of this many bytes (or the end) has to arrive within so many seconds: 9 KB/s at the least.
PIECE = 128 * 1024
PATIENCE = 15.0

type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Source(Protocol):
    """A body as the server gives it: a read waits for all the bytes asked for, or for the end."""

    def read(self, size: int, /) -> bytes: ...


class TooSlow(OSError):
    """The body stopped arriving. An OSError, as the framework expects of a connection that breaks."""


class Body:
    """Bytes as they arrive; a stream as WSGI asks for it, that loses patience."""

    def __init__(self, source: Source, patience: float = PATIENCE) -> None:
        self._source, self._patience = source, patience
        self._pieces: Queue[bytes | BaseException] = Queue(maxsize=4)
        self._reader: threading.Thread | None = None
        self._left = threading.Event()
        self._held, self._ended = b"", False

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all; fewer only at the end.

        Raises:
            TooSlow: a piece did not arrive in time.
        """
        parts, count = [self._held], len(self._held)
        while (size < 0 or count < size) and (piece := self._next()):
            parts.append(piece)
            count += len(piece)
        found = b"".join(parts)
        cut = len(found) if size < 0 else size
        self._held = found[cut:]
        return found[:cut]

    def readline(self, size: int = -1) -> bytes:
        """Up to the next line end."""
        while b"\n" not in self._held and (size < 0 or len(self._held) < size) and (piece := self._next()):
            self._held += piece
        end = self._held.find(b"\n") + 1 or len(self._held)
        return self.read(end if size < 0 else min(end, size))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def leave(self) -> None:
        """Nobody asks for more."""
        self._left.set()

    def _next(self) -> bytes:
        """The next piece; nothing at the end."""
        if self._ended:
            return b""
        if self._reader is None:
            self._reader = threading.Thread(target=self._take, daemon=True)
            self._reader.start()
        try:
            piece = self._pieces.get(timeout=self._patience)
        except Empty:
            self._ended = True
            self.leave()
            raise TooSlow(f"less than {PIECE} bytes arrived in {self._patience:g} s") from None
        self._ended = not piece or isinstance(piece, BaseException)
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def _take(self) -> None:
        piece: bytes | BaseException = b"-"
        while piece and not isinstance(piece, BaseException) and not self._left.is_set():
            try:
                piece = self._source.read(PIECE)
            except Exception as error:  # told to whoever waits for the bytes
                piece = error
            while not self._left.is_set():
                try:
                    self._pieces.put(piece, timeout=1.0)
                    break
                except Full:
                    continue


def impatient(application: Application, patience: float = PATIENCE) -> Application:
    """The application, with bodies that lose patience."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"] = Body(environ["wsgi.input"], patience)
        try:
            return application(environ, start_response)
        finally:
            body.leave()

    return answer
