"""The command line ``atmpxb``: finds a command's module when the command is called, and not before."""

import importlib
import os
import pkgutil
from typing import Any

import click

from atmpxb.platform import commands, home


class LazyGroup(click.Group):
    """Commands are the modules of :mod:`atmpxb.platform.commands`: a new one is a new file there.

    Nothing else.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.command is no click command")
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--home", "home_folder", type=click.Path(file_okay=False), help="Folder of this installation.")
@click.version_option(package_name="atmpxb")
def main(home_folder: str | None, **_: Any) -> None:
    """Quality control of cell and gene therapies: raw files in, a certificate that proves itself out."""
    # Through the environment, so that settings and child processes agree on it whoever starts them.
    os.environ[home.VARIABLE] = str(home.locate(home_folder))


if __name__ == "__main__":
    main()
