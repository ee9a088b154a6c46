"""``atmpxb found``: from an empty installation to an organisation that can sign, or a sentence that says what to mend."""

import fcntl
import os
import subprocess
import sys

import psycopg
import pytest
from django.contrib.auth.hashers import check_password

from atmpxb.platform import connection, roles
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home

PASSWORD = "twelve white horses"
OPTIONS = {
    "--code": "my-laboratory", "--name": "My laboratory", "--address": "Street 1, Town", "--country": "be",
    "--zone": "Europe/Brussels", "--email": "Admin@lab.example", "--administrator": "First administrator",
}  # fmt: skip
WRONG = [
    ({"--code": "My Laboratory"}, PASSWORD, "small letters and digits"),
    ({"--code": "my-laboratory"}, PASSWORD, "choose another code"),
    ({"--email": "admin@lab.example"}, PASSWORD, "an address of its own"),
    ({"--email": "no address"}, PASSWORD, "name@example.org"),
    ({"--country": "XX"}, PASSWORD, "two letters of ISO 3166-1"),
    ({"--zone": "Europe/Antwerp"}, PASSWORD, "such as Europe/Brussels"),
    ({"--name": "x" * 65}, PASSWORD, "1 to 64"),
    ({}, "password", "Choose a longer one"),
]


def found(home: Home, options: dict[str, str], password: str) -> subprocess.CompletedProcess[str]:
    words = [word for pair in options.items() for word in pair]
    named = {*connection.VARIABLES.values(), "ATMPXB_SIGNER", "ATMPXB_VAULT", "ATMPXB_CHECKPOINTS"}
    return subprocess.run(
        [sys.executable, "-m", "atmpxb.platform.cli", "--home", str(home.root), "found", *words, "--password-file", "-"],
        env={name: value for name, value in os.environ.items() if name not in named},
        input=password + "\n", text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


def rows(server: EmbeddedPostgres, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(roles.BACKUP)) as asking:
        return asking.execute(question).fetchall()  # type: ignore[arg-type]


def test_an_empty_installation_gets_its_first_organisation_once(fresh_home: Home) -> None:
    first = found(fresh_home, OPTIONS, PASSWORD)  # nothing runs: database and signing process start for it, and stop
    assert first.returncode == 0, first.stderr
    assert "sign in at the address that `atmpxb up` prints as Admin@lab.example" in first.stdout
    assert not (fresh_home.run / "signer.sock").exists()
    with EmbeddedPostgres(fresh_home.data) as server:
        assert rows(server, "SELECT code, name, address, country FROM people_organisation") == [
            ("my-laboratory", "My laboratory", "Street 1, Town", "BE")
        ]
        ((email, name, hashed),) = rows(server, "SELECT email, name, password FROM people_person")
        assert (email, name) == ("admin@lab.example", "First administrator")
        assert check_password(PASSWORD, str(hashed))
        assert rows(server, "SELECT use FROM signatures_signingkey ORDER BY use") == [("ledger",), ("seal",)]
        told = rows(server, "SELECT convert_from(payload, 'UTF8') FROM ledger_entry ORDER BY seq")
        assert [word for (entry,) in told for word in ("organisation.founded", "keys.published") if word in str(entry)]
        assert PASSWORD not in str(told)
        before = rows(server, "SELECT count(*) FROM ledger_entry")
        fresh = {**OPTIONS, "--code": "another", "--email": "another@lab.example"}
        for wrong, password, cure in WRONG:
            refused = found(fresh_home, {**fresh, **wrong}, password)
            assert refused.returncode == 1, wrong
            assert cure in refused.stderr, (wrong, refused.stderr)
        assert rows(server, "SELECT count(*) FROM ledger_entry") == before
        fresh_home.address.write_text("http://127.0.0.1:8123")
        again = found(fresh_home, fresh, PASSWORD)
        assert "sign in at the address that `atmpxb up` prints" in again.stdout, "a killed `up` left the file behind"
        with fresh_home.lock.open("a+") as running:
            fcntl.flock(running, fcntl.LOCK_EX)
            third = {**OPTIONS, "--code": "third", "--email": "third@lab.example"}
            assert "sign in at http://127.0.0.1:8123/" in found(fresh_home, third, PASSWORD).stdout


def test_a_password_is_no_argument(fresh_home: Home) -> None:
    refused = found(fresh_home, {**OPTIONS, "--password": PASSWORD}, PASSWORD)
    assert refused.returncode == 2
    assert "No such option" in refused.stderr


def test_the_prompt_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from atmpxb.platform.commands.found import command

    asked = {parameter.name: parameter for parameter in command.params}
    assert "password" not in asked
    seen: dict[str, object] = {}
    monkeypatch.setattr("atmpxb.platform.commands.found.click.prompt", lambda *_, **how: seen.update(how) or PASSWORD)
    from atmpxb.platform.commands import found as module

    assert module._password(None) == PASSWORD
    assert seen == {"hide_input": True, "confirmation_prompt": True}
