"""The vault on disk: a file lies under the SHA-256 of its bytes, is written once and never changed.

Bytes arrive in a temporary file of the vault, are hashed on the way, forced to the disk and then renamed, so that a
crash leaves either the whole file or a temporary one that nobody refers to.
"""

import errno
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from atmpxb.notes import Noted

CHUNK = 1024 * 1024
ARRIVING = "arriving-"  # how the name of a file begins that is not whole yet


class TooLarge(ValueError):
    """More bytes arrived than the limit allows; nothing was kept."""


class Incomplete(ValueError):
    """The transfer ended before the announced length; nothing was kept."""


class NoRoom(RuntimeError):
    """The disk of the vault is full; nothing was kept."""


class Damaged(Noted, RuntimeError):
    """A file in the vault no longer has the hash it is filed under."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file safely in the vault."""

    sha256: str
    bytes: int


class Vault:
    """Files by content hash below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the file with this hexadecimal SHA-256 lies or would lie."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not a SHA-256")
        return self.folder / digest[:2] / digest

    def receive(self, chunks: Iterable[bytes], *, limit: int, length: int | None = None) -> Received:
        """Take bytes in without holding them in memory.

        Args:
            limit: the most bytes that are taken.
            length: the announced number of bytes; fewer or more is an error.

        Raises:
            TooLarge, Incomplete, NoRoom: nothing was kept.
        """
        try:
            return self._take_in(chunks, limit, length)
        except OSError as error:  # closing the file tries once more to write, and may be what fails
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise NoRoom("the disk that holds the raw files is full") from error
            raise

    def _take_in(self, chunks: Iterable[bytes], limit: int, length: int | None) -> Received:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, count = sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=ARRIVING, delete=False) as arriving:
            try:
                for chunk in chunks:
                    count += len(chunk)
                    if count > limit:
                        raise TooLarge(f"more than {limit} bytes")
                    digest.update(chunk)
                    arriving.write(chunk)
                if length is not None and count != length:
                    raise Incomplete(f"{count} of {length} bytes arrived")
                arriving.flush()
                os.fsync(arriving.fileno())
                target = self.path(digest.hexdigest())
                target.parent.mkdir(exist_ok=True, mode=0o700)
                os.chmod(arriving.name, 0o400)
                os.replace(arriving.name, target)
                _sync(target.parent)
            except BaseException:
                Path(arriving.name).unlink(missing_ok=True)
                raise
        return Received(digest.hexdigest(), count)

    def keep(self, data: bytes) -> Received:
        """Store bytes that are already in memory."""
        return self.receive([data], limit=len(data))

    def read(self, digest: str) -> bytes:
        """The bytes of a file, checked against its hash.

        Raises:
            FileNotFoundError: the vault does not hold it.
            Damaged: the bytes on disk are not those that were stored.
        """
        data = self.path(digest).read_bytes()
        if sha256(data).hexdigest() != digest:
            raise Damaged(
                "vault.damaged",
                "the stored file {digest} has been altered on disk; restore it from a backup",
                digest=digest,
            )
        return data

    def holds(self, digest: str) -> bool:
        """Whether a file with this hash is stored."""
        return self.path(digest).is_file()

    @contextmanager
    def open(self, digest: str) -> Iterator[Iterator[bytes]]:
        """The bytes in chunks, for sending without holding them in memory."""
        with self.path(digest).open("rb") as file:
            yield iter(lambda: file.read(CHUNK), b"")

    def remains(self) -> list[Path]:
        """Temporary files: of transfers under way, and of those that a crash cut off."""
        return sorted(self.folder.glob(f"{ARRIVING}*"))

    def sweep(self, idle: float = 3600.0) -> int:
        """Delete the temporary files that nobody has written to for ``idle`` seconds; how many there were.

        No record refers to them: a file is on the books only under its hash.
        """
        oldest = time.time() - idle
        swept = [path for path in self.remains() if path.stat().st_mtime < oldest]
        for path in swept:
            path.unlink(missing_ok=True)
        return len(swept)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
