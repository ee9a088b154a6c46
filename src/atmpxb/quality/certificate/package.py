"""Raw files of a certificate as one ZIP archive, made while it is sent, held nowhere whole."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from atmpxb.quality.certificate.record import Certificate
from atmpxb.records.vault.store import CHUNK, Vault

#: One moment for all members, so that the same certificate gives the same archive.
_MOMENT = (1980, 1, 1, 0, 0, 0)


class _Outlet(io.RawIOBase):
    """Takes what the archive writes and hands it on."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self.waiting)
        self.waiting.clear()
        return data


def raw_files(record: Certificate) -> dict[str, str]:
    """Name in the archive → SHA-256, each content once; a name that is taken gets the head of its hash."""
    found: dict[str, str] = {}
    for analysis in record.analyses:
        for file in analysis.files:
            if file.sha256 in found.values():
                continue
            name = Path(file.name).name
            found[name if name not in found else f"{file.sha256[:12]}-{name}"] = file.sha256
    return found


def archive(record: Certificate, vault: Vault) -> Iterator[bytes]:
    """The archive in pieces. Members are stored uncompressed: instrument files hardly shrink."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as packed:
        for name, digest in sorted(raw_files(record).items()):
            member = zipfile.ZipInfo(name, _MOMENT)
            with (
                packed.open(member, "w", force_zip64=True) as target,
                vault.path(digest).open("rb") as source,
            ):
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield outlet.taken()
        yield outlet.taken()
    yield outlet.taken()
