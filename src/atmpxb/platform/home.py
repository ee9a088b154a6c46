"""The home folder: where one installation keeps its database, raw files, keys, sockets and logs."""

import fcntl
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "ATMPXB_HOME"
_CHECKOUT = Path(__file__).resolve().parents[3]


def locate(explicit: str | Path | None = None) -> Path:
    """The home folder to use: the one asked for, else ``$ATMPXB_HOME``, else where this installation keeps
    it.

    A checkout keeps its home inside itself (``.atmpxb``), so two clones never share a database; an installed
    package keeps it in the person's data folder.
    """
    chosen = explicit or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    if (_CHECKOUT / "dev").is_file() and (_CHECKOUT / "pyproject.toml").is_file():
        return _CHECKOUT / ".atmpxb"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "atmpxb"


@dataclass(frozen=True)
class Home:
    """One installation's folders. Nothing is made until :meth:`create`."""

    root: Path

    @classmethod
    def here(cls, explicit: str | Path | None = None) -> "Home":
        return cls(locate(explicit))

    @property
    def data(self) -> Path:
        """The embedded PostgreSQL's own folder; belongs to the account the server runs under."""
        return self.root / "data"

    @property
    def vault(self) -> Path:
        """Raw files by content hash; on another volume where ``$ATMPXB_VAULT`` names one."""
        return Path(os.environ.get("ATMPXB_VAULT") or self.root / "vault").absolute()

    @property
    def keys(self) -> Path:
        """Signing keys and the secret of the web sessions. Never part of a backup."""
        return self.root / "keys"

    @property
    def run(self) -> Path:
        """Sockets and lock files of running processes."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def checkpoints(self) -> Path:
        """The append-only copy of the ledger's signed checkpoints, outside the database; ``$ATMPXB_CHECKPOINTS`` puts
        it on another volume."""
        return Path(os.environ.get("ATMPXB_CHECKPOINTS") or self.root / "checkpoints").absolute()

    @property
    def greeting(self) -> Path:
        """Written when the demo network is loaded whole: the lines that ``up`` greets with."""
        return self.root / "greeting.txt"

    @property
    def lock(self) -> Path:
        """Locked by ``up`` for as long as it runs; the kernel opens it again however ``up`` ends."""
        return self.run / "up.lock"

    @property
    def address(self) -> Path:
        """Where ``up`` says the pages are; a killed one leaves it behind, so ask :meth:`served_at`."""
        return self.run / "address"

    def served_at(self) -> str:
        """Where the pages are now; empty while nothing serves them."""
        try:
            with self.lock.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return ""
        except BlockingIOError:  # `up` holds it, so what it wrote is of now
            return self.address.read_text(encoding="utf-8").strip() if self.address.exists() else ""
        return ""

    @property
    def loading(self) -> Path:
        """Exists while the demo network is being loaded, and after a load that was interrupted."""
        return self.root / "demo.loading"

    def create(self) -> "Home":
        """Make the folders that are missing and put their permissions right.

        Started as root the database runs under another account, which must be able to walk *through* the home
        (mode 0711) to its own folder; nobody can list it, and every folder inside is closed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.vault, self.keys, self.logs, self.checkpoints):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.run.mkdir(mode=0o711, exist_ok=True)
        self.run.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return self

    def secret_key(self) -> str:
        """The secret that signs web sessions: made once, readable by its owner only."""
        return _made_once(self.keys / "secret_key")


def _made_once(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    # Written aside and linked into place: a second process that starts at the same moment sees a whole
    # secret or none.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_text(encoding="ascii").strip()
