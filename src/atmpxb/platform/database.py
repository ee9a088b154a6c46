"""Bringing the database to the state that this version of the program needs."""

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


def is_current() -> bool:
    """Whether every migration has been applied; a quick look that changes nothing."""
    executor = MigrationExecutor(connections["owner"])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate() -> bool:
    """Apply what is missing, as the role that owns the tables. Returns whether there was anything to do."""
    if is_current():
        return False
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    call_command("createcachetable", database="owner", verbosity=0)
    connections["owner"].close()
    return True
