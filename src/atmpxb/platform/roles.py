"""The database's roles, and the SQL that prepares a database for them: embedded or anybody's PostgreSQL.

* ``atmpxb_owner`` owns the database and its schema and runs migrations; no superuser, bound by row-level
  security like anybody else.
* ``atmpxb_ledger`` cannot log in; owns the ledger and its ``append()``; only the owner may act as it.
* ``atmpxb_app`` is what web, API and worker connect as; owns nothing.
* ``atmpxb_backup`` reads everything, past row-level security, and writes nothing.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    import psycopg

OWNER = "atmpxb_owner"
LEDGER = "atmpxb_ledger"
APP = "atmpxb_app"
BACKUP = "atmpxb_backup"

DATABASE = "atmpxb"

# An advisory lock: roles belong to the whole cluster, two sessions altering one at a time collide.
_LOCK = 0x61746D70

_ATTRIBUTES: Mapping[str, LiteralString] = {
    OWNER: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS INHERIT",
    LEDGER: "NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    APP: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    BACKUP: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
}


def fingerprint() -> str:
    """Changes when this module does.

    Tells a starting server whether its databases were prepared by this text.
    """
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def prepare(admin_dsn: str, database: str = DATABASE, passwords: Mapping[str, str] | None = None) -> None:
    """Make the roles and the database and set every privilege; safe to repeat, and heals what drifted.

    Args:
        admin_dsn: connection of a role that may create roles and databases (any database of the cluster).
        database: name of the database to make or mend.
        passwords: role → password, for a server reached over a network. The embedded server needs none: it
        knows
            its callers by the operating-system account at the other end of the socket.

    Raises:
        psycopg.Error: the connection fails or the administrator lacks a right; PostgreSQL's message says
        which.
    """
    import psycopg

    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _prepare_roles(connection, passwords or {})
        _prepare_database(connection, database)
        with psycopg.connect(admin_dsn, dbname=database, autocommit=True) as inside:
            _prepare_schema(inside)


def clone(admin_dsn: str, template: str, database: str) -> None:
    """Make ``database`` a copy of ``template``, to which nobody may be connected, with the same privileges.

    PostgreSQL copies a database's contents, but neither who may connect to it nor its settings.
    """
    import psycopg
    from psycopg import sql

    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        names = {"name": sql.Identifier(database), "template": sql.Identifier(template)}
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY").format(**names))
        _set_database(connection, database)


def drop(admin_dsn: str, database: str) -> None:
    """Remove a database and cut off whoever is connected to it."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _prepare_roles(connection: "psycopg.Connection", passwords: Mapping[str, str]) -> None:
    from psycopg import sql

    present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role, attributes in _ATTRIBUTES.items():
        verb = "ALTER" if role in present else "CREATE"
        connection.execute(sql.SQL("{} ROLE {} " + attributes).format(sql.SQL(verb), sql.Identifier(role)))
    for role, password in passwords.items():
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    owner, ledger, backup = (sql.Identifier(role) for role in (OWNER, LEDGER, BACKUP))
    # SET but not INHERIT: the owner's everyday statements must not carry the ledger's rights.
    connection.execute(sql.SQL("GRANT {} TO {} WITH SET TRUE, INHERIT FALSE, ADMIN FALSE").format(ledger, owner))
    connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(backup))
    # An administrator of a hosted server is often no superuser and must be a member to hand objects over.
    connection.execute(
        sql.SQL(
            "DO $$ BEGIN IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN "
            "EXECUTE format('GRANT {} TO %I WITH SET TRUE, INHERIT TRUE', current_user); END IF; END $$"
        ).format(owner)
    )


def _prepare_database(connection: "psycopg.Connection", database: str) -> None:
    from psycopg import sql

    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if not known:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(name, owner)
        )
    _set_database(connection, database)


def _set_database(connection: "psycopg.Connection", database: str) -> None:
    from psycopg import sql

    statements: list[LiteralString] = [
        "ALTER DATABASE {name} OWNER TO {owner}",
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {name} TO {app}, {backup}",
        # Outside a migration the owner is bound by the policies like anybody else.
        "ALTER DATABASE {name} SET app.migrating = 'off'",
        # app.organisation and app.person stay unset on purpose: a query without a context must fail.
        "ALTER DATABASE {name} SET timezone = 'UTC'",
    ]
    for statement in statements:
        connection.execute(
            sql.SQL(statement).format(
                name=sql.Identifier(database),
                owner=sql.Identifier(OWNER),
                app=sql.Identifier(APP),
                backup=sql.Identifier(BACKUP),
            )
        )


def _prepare_schema(connection: "psycopg.Connection") -> None:
    from psycopg import sql

    roles = {"owner": OWNER, "ledger": LEDGER, "app": APP, "backup": BACKUP}
    names = {key: sql.Identifier(role) for key, role in roles.items()}
    statements: list[LiteralString] = [
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}, {backup}",
        # PostgreSQL asks CREATE of a role that is to become the owner of a table here.
        "GRANT USAGE, CREATE ON SCHEMA public TO {ledger}",
        # Ordinary tables that the owner makes are the application's to write (row-level security decides
        # which rows). Tables made under SET ROLE atmpxb_ledger get nothing from this: their migration grants
        # one by one.
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {ledger} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {app}",
    ]
    for statement in statements:
        connection.execute(sql.SQL(statement).format(**names))
