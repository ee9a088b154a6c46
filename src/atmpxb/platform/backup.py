"""A backup of everything that is a record: database, raw files, checkpoints; and bringing it back.

The dump and the ledger heads in the manifest come from one snapshot of the database. Raw files are copied
after it: the vault only grows, and a file lies in it before a row names it, so the copy holds at least what
the dump refers to. Keys are not in a backup: whoever holds a copy must not be able to sign.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from atmpxb.platform import roles
from atmpxb.platform.binaries import clean_environment, installed_binaries
from atmpxb.platform.home import Home
from atmpxb.records.vault.store import ARRIVING

SCHEMA = "atmpxb.backup/1"

_DUMP = "database.dump"
_MANIFEST = "manifest.json"
_FOLDERS = ("vault", "checkpoints")
_GREETING = "greeting.txt"  # its presence says that the data is illustrative
_HEADS = "SELECT organisation_id::text, seq, encode(hash, 'hex') FROM ledger_head ORDER BY 1"


class BackupFailed(RuntimeError):
    """Nothing was completed; says what is wrong and what to do."""


def back_up(home: Home, backup_url: str, target: Path) -> dict[str, Any]:
    """Write a backup into the new folder ``target``; returns its manifest.

    Args:
        backup_url: connection string of the role ``atmpxb_backup``.

    Raises:
        BackupFailed: the folder exists already, or pg_dump failed.
    """
    draft = target.with_name(f"{target.name}.partial")
    if target.exists() or draft.exists():
        raise BackupFailed(f"{target} or {draft.name} exists already: choose a new folder.")
    draft.mkdir(parents=True, mode=0o700)
    try:
        manifest = _write(home, backup_url, draft)
    except BaseException:
        shutil.rmtree(draft)
        raise
    draft.rename(target)  # a folder without .partial is a whole backup
    return manifest


def _write(home: Home, backup_url: str, draft: Path) -> dict[str, Any]:
    with psycopg.connect(backup_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = _value(connection, "SELECT pg_export_snapshot()")
        heads = connection.execute(_HEADS).fetchall()
        dump = draft / _DUMP
        _run("pg_dump", f"--dbname={backup_url}", f"--snapshot={snapshot}", "-Fc", f"--file={dump}")
    files = {}
    for folder, place in _folders(home).items():
        for path in _files(place):
            name = f"{folder}/{path.relative_to(place).as_posix()}"
            files[name] = _copy(path, draft / name)
    if home.greeting.exists():
        files[_GREETING] = _copy(home.greeting, draft / _GREETING)
    manifest = {
        "schema": SCHEMA,
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "heads": [{"organisation": who, "seq": seq, "hash": digest} for who, seq, digest in heads],
        "database": {"sha256": _digest(dump), "bytes": dump.stat().st_size},
        "files": files,
    }
    (draft / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def restore(home: Home, admin_url: str, source: Path, database: str = roles.DATABASE) -> dict[str, Any]:
    """Bring a backup back into an empty home; returns its manifest.

    Everything is checked against the manifest before anything is written, and the ledger heads afterwards.

    Args:
        admin_url: superuser's connection string to any database of the cluster; roles and database are made.

    Raises:
        BackupFailed: the backup is damaged, the home is not empty, or the restored ledger ends elsewhere.
    """
    manifest = check(source)
    for place in _folders(home).values():
        if any(_files(place)):
            raise BackupFailed(f"{place} already holds files: restore into an empty home.")
    roles.prepare(admin_url, database)
    inside = psycopg.conninfo.make_conninfo(admin_url, dbname=database)
    with psycopg.connect(inside, autocommit=True) as connection:
        tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        if _value(connection, tables):
            raise BackupFailed("The database already holds tables: restore into an empty home.")
    _run("pg_restore", f"--dbname={inside}", "--single-transaction", "--exit-on-error", str(source / _DUMP))
    home.create()
    for name, digest in manifest["files"].items():
        folder, _, rest = name.partition("/")
        if _copy(source / name, _folders(home)[folder] / rest if rest else home.greeting) != digest:
            raise BackupFailed(f"{name} changed while it was copied: start again with an empty home.")
    with psycopg.connect(inside) as connection:
        heads = [{"organisation": who, "seq": seq, "hash": digest} for who, seq, digest in connection.execute(_HEADS)]
    if heads != manifest["heads"]:
        raise BackupFailed("The restored ledger does not end where the backup says it did: do not use it.")
    return manifest


def check(source: Path) -> dict[str, Any]:
    """Compare every file of a backup with its manifest; returns the manifest.

    Raises:
        BackupFailed: a file is missing or differs; names it.
    """
    try:
        manifest = json.loads((source / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{source} is no whole backup: {error}") from None
    if manifest.get("schema") != SCHEMA:
        raise BackupFailed(f"{source} was written in the form {manifest.get('schema')!r}, not {SCHEMA!r}.")
    expected = {_DUMP: manifest["database"]["sha256"], **manifest["files"]}
    for name, digest in expected.items():
        if name not in {_DUMP, _GREETING} and (name.partition("/")[0] not in _FOLDERS or ".." in Path(name).parts):
            raise BackupFailed(f"{name!r} is no file of a backup: its manifest was changed.")
        if not (source / name).is_file():
            raise BackupFailed(f"{name} is missing from {source}.")
        if _digest(source / name) != digest:
            raise BackupFailed(f"{name} in {source} is not what was backed up: its hash differs.")
    found: dict[str, Any] = manifest
    return found


def _folders(home: Home) -> dict[str, Path]:
    """What a backup calls the folders of files, and where this installation keeps them."""
    return dict(zip(_FOLDERS, (home.vault, home.checkpoints), strict=True))


def _files(folder: Path) -> Iterator[Path]:
    """Whole files; what is still arriving belongs to no record yet."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(ARRIVING))


def _copy(source: Path, target: Path) -> str:
    """Copy, forced to the disk; the SHA-256 of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with source.open("rb") as read, target.open("xb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
    target.chmod(source.stat().st_mode & 0o777)
    return _digest(target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _value(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(installed_binaries() / "bin" / program), "--no-password", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed:\n{done.stderr.strip()}")
