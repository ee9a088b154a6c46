"""Homes for the tests of the platform: short paths, reachable by the database's account.

Removed at the end.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home


@pytest.fixture
def fresh_home() -> Iterator[Home]:
    """An empty home; whatever database runs in it is stopped afterwards."""
    root = Path(tempfile.mkdtemp(prefix="atmpxb-test-"))
    home = Home(root / "home").create()
    root.chmod(0o711)  # the server's account walks through; pytest's own tmp_path is closed to it
    yield home
    EmbeddedPostgres(home.data).stop(attached=True)
    shutil.rmtree(home.data.resolve().parent if home.data.is_symlink() else root)
    shutil.rmtree(root, ignore_errors=True)
