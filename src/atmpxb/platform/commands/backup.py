"""``atmpxb backup``: a copy of every record, while the program runs."""

from pathlib import Path

import click

from atmpxb.platform import connection, roles
from atmpxb.platform.home import Home


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Back up database, raw files and checkpoints into the new FOLDER. Keys are not part of it."""
    from atmpxb.platform.backup import BackupFailed, back_up

    here = Home.here()
    with connection.server(here):
        try:
            manifest = back_up(here, connection.url(roles.BACKUP, here), folder.absolute())
        except BackupFailed as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{folder}: {len(manifest['heads'])} ledgers, {len(manifest['files'])} files.")
