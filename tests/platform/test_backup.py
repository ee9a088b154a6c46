"""A backup holds every record, comes back whole, and a damaged one is refused before anything is written."""

import json
import shutil
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

import forging
from atmpxb.platform import roles
from atmpxb.platform.backup import BackupFailed, back_up, restore
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.records.people.actor import Actor

LABORATORY = UUID("6f0c1f7e-7c1e-4c55-9a53-0d3e4b7a4a11")
_SOMEBODY = Actor(LABORATORY, "Somebody", LABORATORY, frozenset())
RAW = "ab/" + "ab" * 31 + "cd"


@pytest.fixture
def backup(database: str, postgres: EmbeddedPostgres, session_home: Home, tmp_path: Path) -> Path:
    """A backup of a laboratory with three ledger entries and one raw file."""
    with psycopg.connect(postgres.url(roles.APP, database)) as connection:
        connection.execute("SELECT set_config('app.organisation', %s, true)", [str(LABORATORY)])
        connection.execute("SELECT set_config('app.person', %s, true)", [str(LABORATORY)])
        for number in range(3):
            connection.execute(
                "SELECT ledger_append(%s, %s)", [str(LABORATORY), forging.entry(_SOMEBODY, facts={"n": number})]
            )
    home = Home(tmp_path / "home").create()
    (home.vault / RAW).parent.mkdir()
    (home.vault / RAW).write_bytes(b"raw data of an instrument")
    (home.keys / "secret").write_text("never to be copied")
    back_up(home, postgres.url(roles.BACKUP, database), tmp_path / "backup")
    return tmp_path / "backup"


def test_the_backup_is_restored_into_an_empty_home_with_the_same_ledger(backup: Path, fresh_home: Home) -> None:
    assert "secret" not in {path.name for path in backup.rglob("*")}
    with EmbeddedPostgres(fresh_home.data) as server:
        manifest = restore(fresh_home, server.admin_url(), backup)
        assert [(head["organisation"], head["seq"]) for head in manifest["heads"]] == [(str(LABORATORY), 3)]
        assert (fresh_home.vault / RAW).read_bytes() == b"raw data of an instrument"
        with psycopg.connect(server.url(roles.APP)) as connection:
            connection.execute("SELECT set_config('app.organisation', %s, true)", [str(LABORATORY)])
            assert connection.execute("SELECT count(*) FROM ledger_entry").fetchone() == (3,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM ledger_entry")
        # The triggers came back as well, and stop even the superuser.
        with (
            psycopg.connect(server.admin_url("atmpxb")) as admin,
            pytest.raises(psycopg.Error, match="append-only"),
        ):
            admin.execute("DELETE FROM ledger_entry")
        with pytest.raises(BackupFailed, match="empty home"):
            restore(fresh_home, server.admin_url(), backup)


def test_folders_on_other_volumes_and_the_mark_of_a_demo_come_along(
    database: str, postgres: EmbeddedPostgres, tmp_path: Path, fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATMPXB_VAULT", str(tmp_path / "volume" / "raw"))
    monkeypatch.setenv("ATMPXB_CHECKPOINTS", str(tmp_path / "apart"))
    home = Home(tmp_path / "home").create()
    (home.vault / RAW).parent.mkdir()
    (home.vault / RAW).write_bytes(b"raw data of an instrument")
    (home.vault / "arriving-x1").write_bytes(b"half of a fi")
    (home.checkpoints / "laboratory.jsonl").write_bytes(b"signed")
    home.greeting.write_text("Demo accounts")
    back_up(home, postgres.url(roles.BACKUP, database), tmp_path / "backup")
    monkeypatch.setenv("ATMPXB_VAULT", str(tmp_path / "new" / "raw"))
    monkeypatch.delenv("ATMPXB_CHECKPOINTS")
    with EmbeddedPostgres(fresh_home.data) as server:
        restore(fresh_home, server.admin_url(), tmp_path / "backup")
    assert (tmp_path / "new" / "raw" / RAW).read_bytes() == b"raw data of an instrument"
    assert [path.name for path in (tmp_path / "new" / "raw").iterdir()] == ["ab"], "what was arriving is no record"
    assert (fresh_home.root / "checkpoints" / "laboratory.jsonl").read_bytes() == b"signed"
    assert fresh_home.greeting.read_text() == "Demo accounts"


@pytest.mark.parametrize("name", ["../outside", "vault/../../outside", "keys/secret", "/etc/outside"])
def test_a_manifest_that_reaches_elsewhere_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["files"][name] = manifest["files"].pop(f"vault/{RAW}")
    (backup / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BackupFailed, match="no file of a backup"):
        restore(Home(tmp_path / "new"), "postgresql://nobody@/none", backup)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["database.dump", f"vault/{RAW}"])
def test_one_changed_byte_is_named_and_nothing_is_written(backup: Path, tmp_path: Path, name: str) -> None:
    content = bytearray((backup / name).read_bytes())
    content[len(content) // 2] ^= 1
    (backup / name).write_bytes(content)
    with pytest.raises(BackupFailed, match=f"{name}.*hash differs"):
        restore(Home(tmp_path / "new"), "postgresql://nobody@/none", backup)
    assert not (tmp_path / "new").exists()


def test_an_unfinished_backup_is_no_backup(backup: Path, tmp_path: Path) -> None:
    shutil.copytree(backup, tmp_path / "half", ignore=shutil.ignore_patterns("manifest.json"))
    with pytest.raises(BackupFailed, match="no whole backup"):
        restore(Home(tmp_path / "new"), "postgresql://nobody@/none", tmp_path / "half")
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(Home(tmp_path / "home"), "postgresql://nobody@/none", backup)
