"""The demo comes into an empty database, whole or not at all."""

import psycopg
import pytest

from atmpxb.platform import roles
from atmpxb.platform.commands.demo_load import discard_interrupted_load
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home


def tables(server: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(server.url(roles.APP)) as connection:
        found = connection.execute("SELECT relname FROM pg_class WHERE relname = 'half'")
        return [name for (name,) in found]


@pytest.mark.parametrize(("mark", "greeting", "kept"), [
    (True, False, False),  # interrupted
    (True, True, True),  # loaded whole, stopped just before the mark was removed
    (False, False, True),  # somebody's own records, never a demo
])  # fmt: skip
def test_only_a_half_loaded_demo_is_discarded(fresh_home: Home, mark: bool, greeting: bool, kept: bool) -> None:
    with EmbeddedPostgres(fresh_home.data) as server:
        with psycopg.connect(server.url(roles.OWNER)) as owner:
            owner.execute("CREATE TABLE half (id int)")
        if mark:
            fresh_home.loading.touch()
        if greeting:
            fresh_home.greeting.touch()
        assert discard_interrupted_load(fresh_home, server) is not kept
        assert tables(server) == (["half"] if kept else [])
        assert not fresh_home.loading.exists()
        assert not discard_interrupted_load(fresh_home, server)
