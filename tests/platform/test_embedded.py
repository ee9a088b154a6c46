"""The embedded PostgreSQL as a laboratory meets it: first start, crash, kill -9, two starts at once."""

import os
import signal
import stat
import subprocess
import sys
import time

import psycopg
import pytest

from atmpxb.platform import roles
from atmpxb.platform.account import server_account
from atmpxb.platform.embedded import EmbeddedPostgres, PostgresFailed, prepare
from atmpxb.platform.home import Home
from atmpxb.platform.processes import alive, wait_until


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_first_start_makes_a_checked_utf8_cluster_that_no_network_reaches(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        settings = dict(query(server.admin_url(), "SELECT name, setting FROM pg_settings"))
        assert settings["data_checksums"] == "on"
        assert settings["listen_addresses"] == ""
        assert settings["server_encoding"] == "UTF8"
        assert settings["fsync"] == "on"
        assert query(server.admin_url(), "SELECT upper('é'), 'Z' < 'a'") == [("É", True)]
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
        assert server.data.stat().st_uid == server_account().uid != 0
    assert not server.running()


def test_each_role_has_the_rights_of_its_task_and_no_more(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        owner, app, backup = (server.url(role) for role in (roles.OWNER, roles.APP, roles.BACKUP))
        attributes = query(
            server.admin_url(),
            "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
            " WHERE rolname LIKE 'atmpxb%' ORDER BY 1",
        )
        assert attributes == [
            (roles.APP, True, False, False, False),
            (roles.BACKUP, True, False, True, False),
            (roles.LEDGER, False, False, False, False),
            (roles.OWNER, True, False, False, False),
        ]
        query(owner, "CREATE TABLE sample (id int)")
        query(app, "INSERT INTO sample VALUES (1)")
        assert query(backup, "SELECT id FROM sample") == [(1,)]
        for url, refused in (
            (app, "CREATE TABLE own (id int)"),
            (app, "DROP TABLE sample"),
            (app, "CREATE TEMP TABLE own (id int)"),
            (app, "SET ROLE atmpxb_ledger"),
            (app, "SET ROLE atmpxb_owner"),
            (backup, "INSERT INTO sample VALUES (2)"),
            (backup, "SET ROLE atmpxb_ledger"),
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                query(url, refused)
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            query(server.url(roles.LEDGER), "SELECT 1")


def test_the_owner_hands_the_ledger_over_and_the_application_gets_only_what_is_granted(
    fresh_home: Home,
) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        with psycopg.connect(server.url(roles.OWNER)) as owner:
            owner.execute("SET ROLE atmpxb_ledger")
            owner.execute("CREATE TABLE ledger (payload bytea)")
            owner.execute(
                "CREATE FUNCTION append(bytes bytea) RETURNS void LANGUAGE sql SECURITY DEFINER"
                " SET search_path = public, pg_temp AS 'INSERT INTO ledger VALUES (bytes)'"
            )
            owner.execute("GRANT EXECUTE ON FUNCTION append TO atmpxb_app")
        query(server.url(roles.APP), "SELECT append('x')")
        for url in (server.url(roles.APP), server.url(roles.OWNER)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                query(url, "INSERT INTO ledger VALUES ('y')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(server.url(roles.OWNER), "SELECT append('x')")


def test_access_without_a_context_fails_and_nobody_is_migrating(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        app = server.url(roles.APP)
        assert query(app, "SELECT current_setting('app.migrating')") == [("off",)]
        with pytest.raises(psycopg.errors.UndefinedObject, match=r"app\.organisation"):
            query(app, "SELECT current_setting('app.organisation')")


def test_preparing_again_mends_what_drifted(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        query(server.admin_url(), "ALTER ROLE atmpxb_app SUPERUSER")
        query(server.admin_url(), "ALTER DATABASE atmpxb RESET app.migrating")
        prepare(server.admin_url())
        prepare(server.admin_url(), "another")
        assert query(server.admin_url(), "SELECT rolsuper FROM pg_roles WHERE rolname = 'atmpxb_app'") == [(False,)]
        for database in (roles.DATABASE, "another"):
            app = server.url(roles.APP, database)
            assert query(app, "SELECT current_setting('app.migrating')") == [("off",)]


def test_an_acknowledged_commit_survives_kill_9_of_the_server(fresh_home: Home) -> None:
    server = EmbeddedPostgres(fresh_home.data).start()
    query(server.url(roles.OWNER), "CREATE TABLE entry (id int PRIMARY KEY)")
    pid = server.running()
    assert pid is not None
    with psycopg.connect(server.url(roles.APP), autocommit=True) as connection:
        for number in range(50):
            connection.execute("INSERT INTO entry VALUES (%s)", [number])
        os.kill(pid, signal.SIGKILL)
    with EmbeddedPostgres(fresh_home.data) as again:  # at once: the dead server's children are still letting go
        assert again.running() not in (None, pid)
        assert query(again.url(roles.APP), "SELECT count(*) FROM entry") == [(50,)]


def test_a_lock_left_by_a_process_id_that_another_program_now_has_is_no_obstacle(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        data = server.data
        lock = (data / "postmaster.pid").read_text()
    account = server_account()
    stranger = subprocess.Popen(["sleep", "60"], **account.options())  # type: ignore[call-overload]
    try:
        (data / "postmaster.pid").write_text(lock.replace(lock.split("\n", 1)[0], str(stranger.pid), 1))
        os.chown(data / "postmaster.pid", account.uid, account.gid)
        with EmbeddedPostgres(fresh_home.data) as server:
            assert query(server.url(roles.APP), "SELECT 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_program_uses_the_running_server_and_leaves_it_running(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as first:
        with EmbeddedPostgres(fresh_home.data) as second:
            assert second.running() == first.running()
            assert query(second.url(roles.APP), "SELECT 1") == [(1,)]
        assert query(first.url(roles.APP), "SELECT 1") == [(1,)]


START = (
    "import sys, time; from pathlib import Path; from atmpxb.platform.embedded import EmbeddedPostgres;"
    "print(EmbeddedPostgres(Path(sys.argv[1])).start().running(), flush=True); time.sleep(60)"
)


def another_program_starts(home: Home) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", START, str(home.data)], stdout=subprocess.PIPE)


def test_two_first_starts_at_the_same_moment_make_one_server(fresh_home: Home) -> None:
    programs = [another_program_starts(fresh_home) for _ in range(2)]
    try:
        first, second = (int(program.stdout.readline()) for program in programs if program.stdout)
        assert first == second
        assert query(EmbeddedPostgres(fresh_home.data).url(roles.APP), "SELECT 1") == [(1,)]
    finally:
        for program in programs:
            program.kill()
            program.communicate()


def test_the_server_ends_with_the_program_that_started_it_even_when_that_is_killed(fresh_home: Home) -> None:
    program = another_program_starts(fresh_home)
    assert program.stdout is not None
    server = int(program.stdout.readline())
    assert alive(server)
    program.kill()
    program.wait()
    program.stdout.close()
    assert wait_until(lambda: not alive(server), 10)


def test_a_home_with_a_path_too_long_for_a_socket_still_works(fresh_home: Home) -> None:
    deep = fresh_home.root / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    with EmbeddedPostgres(deep / "data") as server:
        assert len(str(server.sockets)) < 90
        assert query(server.url(roles.APP), "SELECT 1") == [(1,)]
    server.sockets.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_root_starts_it_below_a_folder_that_the_server_account_cannot_enter(fresh_home: Home) -> None:
    fresh_home.root.chmod(0o700)
    with EmbeddedPostgres(fresh_home.data) as server:
        assert fresh_home.data.is_symlink()
        assert query(server.url(roles.APP), "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another account")
def test_another_account_of_the_machine_is_refused(fresh_home: Home) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        psql = [str(server.program("psql")), server.admin_url(), "-c", "SELECT 1"]
        stranger = subprocess.run(psql, check=False, capture_output=True, text=True, user="nobody", cwd="/")
        assert stranger.returncode != 0
        assert "Permission denied" in stranger.stderr
        # Were the folder open, the server itself would still refuse: it asks the kernel who calls.
        server.sockets.chmod(0o711)
        (server.sockets / ".s.PGSQL.5432").chmod(0o777)
        stranger = subprocess.run(psql, check=False, capture_output=True, text=True, user="nobody", cwd="/")
        assert "Peer authentication failed" in stranger.stderr


def test_a_server_that_cannot_start_says_why(fresh_home: Home) -> None:
    EmbeddedPostgres(fresh_home.data).start().stop()
    with pytest.raises(PostgresFailed, match="unrecognized configuration parameter"):
        EmbeddedPostgres(fresh_home.data, settings={"no_such_setting": "1"}).start()


def test_restarting_is_quick(fresh_home: Home) -> None:
    EmbeddedPostgres(fresh_home.data).start().stop()
    began = time.monotonic()
    with EmbeddedPostgres(fresh_home.data):
        seconds = time.monotonic() - began
    assert seconds < 2.0  # 0.04 s alone; the allowance is for a busy machine
