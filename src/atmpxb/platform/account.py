"""The unprivileged account that PostgreSQL runs under when the program itself is started as root.

PostgreSQL refuses to run as root, and rightly: so a server started by root drops to an account that owns
nothing but the database folder. Started by anybody else, the server simply runs as that person.
"""

import os
import pwd
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

NAME = "atmpxb-db"


@dataclass(frozen=True)
class Account:
    """An operating-system account.

    ``other`` is true when it is not the account of this process, so that children must change to it.
    """

    name: str
    uid: int
    gid: int
    other: bool

    def options(self) -> dict[str, object]:
        """Keyword arguments for :mod:`subprocess` that make the child run under this account."""
        if not self.other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether this account can walk to ``path`` and enter it (or execute it)."""
        if not self.other:
            return os.access(path, os.X_OK)
        test = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$0"', str(path)],
            check=False,
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=[],
        )
        return test.returncode == 0

    def give(self, folder: Path) -> None:
        """Make ``folder`` if needed, hand it to this account and close it for all others."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.other:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def server_account() -> Account:
    """The account for the database server; made once when we are root."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=False)
    entry = _existing(NAME) or _make() or pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def _existing(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd | None:
    """Create the account; ``None`` where the machine has no ``useradd`` (then ``nobody`` has to do)."""
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd is None or sys.platform != "linux":
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    for _ in range(20):  # another process may hold the lock on /etc/passwd, or make the same account
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", NAME],
            check=False,
            capture_output=True,
        )
        if entry := _existing(NAME):
            return entry
        time.sleep(0.1)
    return None
