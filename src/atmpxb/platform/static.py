"""Gathering styles, scripts and pictures into the folder that the web serves.

Only when one of them changed.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def gather() -> bool:
    """Collect, hash and compress the static files. Returns whether there was anything to do."""
    folder = Path(settings.STATIC_ROOT)
    note = folder.with_name(f"{folder.name}.gathered")
    state = _state()
    if note.is_file() and folder.is_dir() and note.read_text(encoding="ascii") == state:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    note.write_text(state, encoding="ascii")
    return True


def _state() -> str:
    """Changes when a file comes, goes, or is written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda found: str(found[0])):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
