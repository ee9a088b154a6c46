"""``atmpxb simulate BATCH``: raw files to try the program with, from simulated instruments."""

from pathlib import Path

import click

from atmpxb.platform.home import Home
from atmpxb.science.simulate.pcr import FAULTS

_FAULTS = "\n".join(f"{name}: {what}." for name, what in FAULTS.items())


@click.command("simulate", epilog=f"\b\nFaults that a reviewer should notice:\n{_FAULTS}")
@click.argument("batch")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put them; by default in the home folder.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Equal seeds give equal data.")
@click.option(
    "--events", type=click.IntRange(1_000, 2_000_000), default=50_000, show_default=True, help="Of each of four tubes."
)
@click.option("--fault", "faults", type=click.Choice(list(FAULTS)), multiple=True, help="Plant a fault on the plate.")
def command(batch: str, folder: Path | None, seed: int, events: int, faults: tuple[str, ...]) -> None:
    """Write what the demo's instruments would give for the samples BATCH.A, BATCH.B and BATCH.C, measured now.

    Four tubes of flow cytometry, a qPCR plate, a cell count and a partner's report: drop them on a run.
    """
    from atmpxb.platform.demo import files

    labels = dict(zip(("flow", "dna", "micro"), (f"{batch}.{aliquot}" for aliquot in "ABC"), strict=True))
    place = folder or Home.here().root / "simulated" / batch
    if Path(batch).name != batch:
        raise click.ClickException("BATCH becomes a part of file names: leave out / and the like.")
    place.mkdir(parents=True, exist_ok=True)
    for file in files.of_batch(labels, seed, events=events, faults=faults):
        (place / file.name).write_bytes(file.data)
        click.echo(f"{file.kind:14} {place / file.name}")
