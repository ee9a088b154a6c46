"""``atmpxb restore``: bring a backup back, into an empty home only."""

from pathlib import Path

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--admin-url", help="Administrator of an external server (with DATABASE_URL).")
def command(folder: Path, admin_url: str | None) -> None:
    """Check the backup in FOLDER and bring it back into this home, which must be empty.

    The keys of the old installation are not in it: put them back from where they are kept, or enrol new ones.
    """
    from atmpxb.platform.backup import BackupFailed, restore

    here = Home.here()
    with connection.server(here) as embedded:
        admin = embedded.admin_url() if embedded else admin_url
        if not admin:
            raise click.ClickException("Name the external server's administrator with --admin-url.")
        try:
            manifest = restore(here, admin, folder.absolute())
        except BackupFailed as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Restored {len(manifest['heads'])} ledgers, {len(manifest['files'])} files of {manifest['at']}.")
