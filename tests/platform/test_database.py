"""The database that tests get: the one production has, fresh each time."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from atmpxb.platform import roles


def _one(statement: str, alias: str = "default") -> object:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_one_test_commits_the_next_does_not_see(database: str, time: str) -> None:
    assert _one("SELECT count(*) FROM django_session") == 0, time
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('key', 'data', now())")
    assert _one("SELECT count(*) FROM django_session") == 1


def test_it_is_used_as_the_role_that_owns_nothing(database: str) -> None:
    assert _one("SELECT current_user") == roles.APP
    assert _one(f"SELECT count(*) FROM pg_class WHERE relowner = '{roles.APP}'::regrole") == 0
    assert _one("SELECT current_user", "owner") == roles.OWNER


def test_a_copy_has_the_settings_and_privileges_of_the_original(database: str) -> None:
    assert _one("SELECT setting FROM pg_settings WHERE name = 'TimeZone'") == "UTC"
    assert _one("SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase"
                " WHERE datname = current_database()") == ["app.migrating=off", "TimeZone=UTC"]  # fmt: skip
    assert _one("SELECT has_database_privilege('public', current_database(), 'CONNECT')") is False
    assert _one("SELECT has_database_privilege(current_database(), 'TEMP')") is False


def test_child_processes_find_the_same_database_and_the_vault_is_the_tests_own(database: str, tmp_path: Path) -> None:
    assert f"/{database}?" in os.environ["DATABASE_URL"]
    assert settings.VAULT.is_relative_to(tmp_path)
