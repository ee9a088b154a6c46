"""Every row belongs to one organisation, and the database itself keeps it so.

``TenantTable`` is the migration operation that puts a table under these rules: row-level security forced for the
application role, composite references (a plain foreign key bypasses row-level security), no DELETE or TRUNCATE,
and a trigger by which a commit is refused unless ledger entries of the same transaction tell what each changed
column became. ``Telling`` names the events that one organisation may tell another.
"""

from collections.abc import Mapping

from django.db import migrations

ORGANISATION = "current_setting('app.organisation')::uuid"


def shared_rows(table: str) -> str:
    """The condition under which a row of ``table`` is opened by a grant of its owner, for this very table."""
    return f"""(organisation_id, id) IN (SELECT organisation_id, subject_id FROM people_grant
        WHERE to_organisation_id = {ORGANISATION} AND subject_table = '{table}' AND revoked_at IS NULL
        AND valid_from <= now() AND (valid_until IS NULL OR valid_until > now()))"""


def recorded_sql(table: str, column: str = "") -> str:
    """The trigger that makes every change of ``table`` owe the ledger an entry.

    Args:
        column: which column names the organisation in whose chain it is told; by default whoever acts.
    """
    return (
        f"CREATE TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION ledger_owe('{column}')"
    )


def tenant_sql(
    table: str,
    *,
    references: Mapping[str, str] | None = None,
    column: str = "organisation_id",
    shared: bool = True,
    read: str | None = None,
) -> list[str]:
    """The statements that put ``table`` under the rules.

    Args:
        references: column → table that it refers to within the same organisation.
        column: which column names the owning organisation.
        shared: whether a grant can open rows to another organisation.
        read: a policy for reading that replaces "own or shared", for tables that are public by nature.
    """
    own = f"{column} = {ORGANISATION}"
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own ON {table} TO atmpxb_app USING ({own}) WITH CHECK ({own})",
        f"CREATE POLICY migrating ON {table} TO atmpxb_owner "
        "USING (current_setting('app.migrating') = 'on') WITH CHECK (current_setting('app.migrating') = 'on')",
        f"REVOKE DELETE, TRUNCATE ON {table} FROM atmpxb_app",
        recorded_sql(table, column),
    ]
    if read or shared:
        visible = read or shared_rows(table)
        statements.append(f"CREATE POLICY readable ON {table} FOR SELECT TO atmpxb_app USING ({visible})")
    if column == "organisation_id":
        statements.append(f"ALTER TABLE {table} ADD CONSTRAINT {table}_own UNIQUE (organisation_id, id)")
    for name, target in (references or {}).items():
        statements.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name}_own FOREIGN KEY (organisation_id, {name}) "
            f"REFERENCES {target} (organisation_id, id) DEFERRABLE INITIALLY DEFERRED"
        )
    return statements


class TenantTable(migrations.RunSQL):
    """Migration operation: see ``tenant_sql``."""

    def __init__(self, table: str, **rules: object) -> None:
        super().__init__(sql=tenant_sql(table, **rules), reverse_sql=migrations.RunSQL.noop)  # type: ignore[arg-type]


class Telling(migrations.RunSQL):
    """Migration operation: events about a row that its owner may tell a reader, or a reader the owner."""

    def __init__(self, table: str, *, owner: tuple[str, ...] = (), reader: tuple[str, ...] = ()) -> None:
        events = [(event, by) for by, names in (("owner", owner), ("reader", reader)) for event in names]
        rows = ", ".join(f"('{event}', '{table}', '{by}')" for event, by in events)
        super().__init__(
            sql=["SET ROLE atmpxb_ledger", f"INSERT INTO ledger_telling VALUES {rows}", "RESET ROLE"],
            reverse_sql=migrations.RunSQL.noop,
        )
