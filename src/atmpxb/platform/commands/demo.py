"""``atmpxb demo``: the whole path without a browser, in a database of its own."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), help="Where to put it; by default in the home folder.")
def command(folder: Path | None) -> None:
    """Take one batch from its raw files to a sealed certificate, in a fresh database."""
    place = (folder or Home.here().create().root / "demo").absolute()
    if place.exists() and not folder:
        shutil.rmtree(place)
    elif place.exists() and any(place.iterdir()):
        raise click.ClickException(f"{place} is not empty: choose another folder")
    for name in [*connection.VARIABLES.values(), "ATMPXB_SIGNER", "ATMPXB_VAULT", "ATMPXB_CHECKPOINTS"]:
        os.environ.pop(name, None)
    home = Home(place).create()
    os.environ["ATMPXB_HOME"] = str(home.root)
    with connection.django(home), _signer(home):
        from atmpxb.platform import database

        database.migrate()
        for line in _tell(home):
            click.echo(line)


def _tell(home: Home) -> Iterator[str]:
    from atmpxb.platform.demo import network, story
    from atmpxb.quality import publishing
    from atmpxb.records import jobs
    from atmpxb.records.ledger.writing import acting_for

    began = time.monotonic()
    password = secrets.token_urlsafe(12)
    network.found(password)
    who = story.cast(password)
    story.set_up(who)
    yield f"{len(network.PARTNERS)} organisations, illustrative data ({time.monotonic() - began:.1f} s)"
    certificate = story.certify_batch(who, number="CART-0917", pseudonym="P-7F3A", seed=917, work=jobs.drain)
    yield f"batch CART-0917 tested, reviewed, approved and certified ({time.monotonic() - began:.1f} s)"
    with acting_for(who.head.organisation_id, who.head.person_id):
        package = publishing.export(certificate.pk, home.root / "certificate")
    yield f"certificate: {package.certificate}"
    yield f"raw: {package.raw}"
    yield f"trust: {package.trust}"


def load_demo() -> list[str]:
    """Put the demo network into this installation's database. Returns what `up` prints about it."""
    from atmpxb.platform.demo import network, story
    from atmpxb.records import jobs

    password = secrets.token_urlsafe(9)
    network.found(password)
    who = story.cast(password)
    story.set_up(who)
    story.certify_batch(who, number="CART-0917", pseudonym="P-7F3A", seed=917, work=jobs.drain)
    _batch_in_progress(who)
    story.request_batch(who, "CART-0919", "P-90C4", hours_left=66)
    accounts = [
        f"  {network.address(account, partner.code):34} {function}, {partner.name}"
        for partner in network.PARTNERS
        for account, (_, _, function) in partner.accounts.items()
    ]
    return [
        f"Demo accounts, all with the password {password}",
        *accounts,
        "",
        "Raw files to drop on runs of CART-0919: atmpxb simulate CART-0919",
    ]


def _batch_in_progress(who: object) -> None:
    """A second batch: cytometry is reviewed and reported in an interim report, qPCR waits for review, the rest for its
    files.
    """
    from atmpxb.platform.demo import files, story
    from atmpxb.records import jobs

    assert isinstance(who, story.Cast)
    labels = {"flow": "CART-0918.A", "dna": "CART-0918.B", "micro": "CART-0918.C"}
    order = story.accept_and_receive(who, story.request_batch(who, "CART-0918", "P-2B61", hours_left=40), labels)
    opened = story.open_runs(who, order)
    for name, data in files.tubes(labels["flow"], 918, count=2, events=50_000):
        story.attach(who, opened["flow"], name, data)
    story.attach(who, opened["qpcr"], *files.plate({labels["dna"]: 2.6}, 918))
    jobs.drain()
    story.submit(who, opened["flow"])
    story.review(who, opened["flow"])
    story.submit(who, opened["qpcr"])
    story.approve(who, order, kind="interim")
    jobs.drain()


@contextmanager
def _signer(home: Home) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "atmpxb.platform.cli", "--home", str(home.root), "signer"])
    try:
        deadline = time.monotonic() + 20
        while not (home.run / "signer.sock").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
