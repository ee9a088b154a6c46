"""A folder of raw files, found by content: names and places do not matter."""

import os
from collections.abc import Iterator, Mapping
from hashlib import file_digest
from pathlib import Path


class RawFolder(Mapping[str, bytes]):
    """Maps SHA-256 (hex) to bytes for every regular file under a folder; a file is read into memory when
    asked for.

    Raises:
        NotADirectoryError: there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder")
        self._paths: dict[str, Path] = {}
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                path = Path(place) / name
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        self._paths.setdefault(file_digest(file, "sha256").hexdigest(), path)

    def __getitem__(self, digest: str) -> bytes:
        return self._paths[digest].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
