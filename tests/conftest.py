"""The real database for the tests that ask for it; the others never start it.

One embedded PostgreSQL and one migrated template database serve the whole run. Each test that takes
``database`` gets a fresh copy of the template and truly commits, as the application's role: triggers, row-
level security and deferred checks act as in production, and no transaction around the test hides a missing
context.
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from atmpxb.platform import connection, roles
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.platform.processes import wait_until

# The tests' server may forget everything when the machine fails; those of tests/platform make their own,
# that may not.
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_TEMPLATE = "atmpxb_template"
_NUMBERS = itertools.count(1)
_CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--lang=en-GB",
]  # fmt: skip


def pytest_configure() -> None:
    """Passwords of the tests are hashed in a moment: a third of a second for each is for those who guess."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 64


class _Shares(LoadScopeScheduling):
    """Tests of a file stay together when several processes share the work, and so do the journeys: they share an
    installation."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "journeys" if "/journeys/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return _Shares(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a window. On a machine that says it is CI, its absence is a failure.

    Closed after each file: while Playwright's event loop runs in a thread, Django refuses to talk to a database there.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not there: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """No test inherits the language of a page that an earlier one opened."""
    from django.utils.translation import override

    with override("en"):
        yield


@pytest.fixture(scope="session")
def session_home() -> Iterator[Home]:
    """The home of this test run: short path, passable for the database's account, removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="atmpxb-tests-"))
    root.chmod(0o711)
    home = Home(root / "home").create()
    yield home
    if home.data.is_symlink():
        shutil.rmtree(home.data.resolve().parent)
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def postgres(session_home: Home) -> Iterator[EmbeddedPostgres]:
    """The test run's server, with an empty database ``atmpxb``."""
    with EmbeddedPostgres(session_home.data, settings=_FORGETFUL) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres, django_db_blocker: DjangoDbBlocker) -> str:
    """Name of a database that carries all migrations, made as the owner makes it in production."""
    from django.core.management import call_command

    roles.prepare(postgres.admin_url(), _TEMPLATE)
    with django_db_blocker.unblock():
        _connect(postgres, _TEMPLATE)
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        call_command("createcachetable", database="owner", verbosity=0)
        _disconnect()
    return _TEMPLATE


@pytest.fixture
def database(
    postgres: EmbeddedPostgres,
    template: str,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
) -> Iterator[str]:
    """A fresh, migrated, empty database behind Django's connections; its name.

    Also an empty vault and checkpoint folder, and an environment by which child processes find the same
    database.
    """
    name = f"test_{next(_NUMBERS)}"
    admin = postgres.admin_url()
    roles.clone(admin, template, name)
    settings.VAULT = tmp_path / "vault"
    settings.CHECKPOINT_LOG = tmp_path / "checkpoints"
    for role, variable in connection.VARIABLES.items():
        monkeypatch.setenv(variable, postgres.url(role, name))
    with django_db_blocker.unblock():
        _connect(postgres, name)
        try:
            yield name
        finally:
            _disconnect()
            roles.drop(admin, name)


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """Refuses the mark ``django_db``: its surrounding transaction would hide what a commit checks."""
    pytest.fail("Use the fixture `database` instead of the mark django_db: see tests/conftest.py.", pytrace=False)


@pytest.fixture(scope="session")
def signing_process(session_home: Home) -> Iterator[Path]:
    """A real signing process with keys of its own; the path of its socket."""
    from atmpxb.records.signatures.signing import socket_path

    command = [sys.executable, "-m", "atmpxb.platform.cli", "--home", str(session_home.root), "signer"]
    process = subprocess.Popen(command, env={**os.environ, "ATMPXB_HOME": str(session_home.root)})
    socket = socket_path(session_home.root)
    try:
        assert wait_until(lambda: socket.exists() or process.poll() is not None, 30)
        assert process.poll() is None, "the signing process ended at once"
        yield socket
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def signer(signing_process: Path, settings: Settings) -> Path:
    """The signing process, known to the settings; the path of its socket."""
    settings.SIGNER_SOCKET = str(signing_process)
    return signing_process


def _connect(postgres: EmbeddedPostgres, name: str) -> None:
    """Point Django's connections at database ``name``: the application's role.

    And the owner's for migrations.
    """
    from django.db import connections

    for alias, role in (("default", roles.APP), ("owner", roles.OWNER)):
        connections[alias].close()
        connections[alias].settings_dict.update(
            NAME=name, USER=role, PASSWORD="", HOST=str(postgres.sockets), PORT="5432"
        )


def _disconnect() -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        close_pool = getattr(connections[alias], "close_pool", None)
        if close_pool:
            close_pool()
