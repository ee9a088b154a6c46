"""Kill -9 in the middle of many writes: what was acknowledged is there, what was not left nothing."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from atmpxb.platform import roles
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.platform.processes import wait_until
from atmpxb.records.ledger.chain import Link, breaks

WRITES, PROCESSES = 50, 4  # 200 writes in all
ENDLESS = 20_000  # writes of a process that will be stopped on the way

# One writer: opens sites through the action, two chains in turn, and prints each receipt once it has it.
WRITER = """
import sys
import django
django.setup()
from atmpxb.platform.demo import network
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.models import Role, Site

name, count, first, second = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
actors = [network.actor("administrator", first), network.actor("administrator", second)]

@action("tests.tell_both", roles={Role.ADMINISTRATOR})
def tell_both(*, actor, other, code):
    site = create(Site, code=code, name=code, address="x", country="BE", zone="UTC")
    share(site, to=other.organisation_id, purpose="telling")
    record("site.opened", actor=actor, on=site)
    record("site.told", actor=actor, on=site, chain=other.organisation_id)

print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    actor, other = actors[number % 2], actors[1 - number % 2]
    code = f"{name}-{number}"
    tell_both(actor=actor, other=other, code=code)
    told = [f"{r.organisation}:{r.seq}:{r.hash}" for r in actor.receipts[-2:]]
    print(code, *told, flush=True)
"""


@dataclass
class Writer:
    """A process that writes, and the file into which it puts every receipt it was handed."""

    process: subprocess.Popen[str]
    told: Path

    def lines(self) -> list[str]:
        """Whole lines only: one that the kill cut off was never handed over."""
        return [line for line in self.told.read_text(encoding="ascii").splitlines(keepends=True) if line.endswith("\n")]

    def end(self) -> str:
        """What it said about errors."""
        return self.process.communicate(timeout=50)[1]


def start_writers(environment: dict[str, str], folder: Path, counts: list[int]) -> list[Writer]:
    """Every other one acts for A and tells B; those between act for B and tell A."""
    ways = [("anicells", "sure"), ("sure", "anicells")]
    writers = []
    for number, count in enumerate(counts):
        told = folder / f"writer-{number}"
        with told.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", WRITER, f"w{number}", str(count), *ways[number % 2]],
                env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        writers.append(Writer(process, told))
    for writer in writers:
        assert wait_until(lambda: writer.lines() == ["ready\n"] or writer.process.poll() is not None, 40)  # noqa: B023
        assert writer.process.poll() is None, writer.end()
    for writer in writers:
        assert writer.process.stdin is not None
        writer.process.stdin.write("\n")
        writer.process.stdin.flush()
    return writers


def acknowledged(writers: list[Writer]) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Code of each site that was acknowledged, and its receipts: chain, place, hash."""
    found = []
    for line in (line for writer in writers for line in writer.lines()[1:]):
        code, *receipts = line.split()
        found.append((code, [(o, int(s), h) for o, s, h in (r.split(":") for r in receipts)]))
    return found


def read_chains(url: str) -> tuple[dict[str, list[Link]], dict[str, int]]:
    with psycopg.connect(url) as admin:
        chains: dict[str, list[Link]] = {}
        for owner, *link in admin.execute(
            "SELECT organisation_id::text, seq, payload, prev, hash FROM ledger_entry ORDER BY organisation_id, seq"
        ):
            chains.setdefault(owner, []).append(Link(*link))
        sites = dict(admin.execute("SELECT code, 1 FROM people_site").fetchall())
    return chains, sites


def check(url: str, told: list[tuple[str, list[tuple[str, int, str]]]]) -> None:
    chains, sites = read_chains(url)
    for owner, links in chains.items():
        assert list(breaks(UUID(owner), links)) == []
    for code, receipts in told:
        assert code in sites, f"{code} was acknowledged and is gone"
        assert len(receipts) == 2
        for owner, seq, digest in receipts:
            assert chains[owner][seq - 1].hash.hex() == digest
    entries = sum(b'"event":"site.opened"' in link.payload for links in chains.values() for link in links)
    heard = sum(b'"event":"site.told"' in link.payload for links in chains.values() for link in links)
    assert entries == heard == len(sites), "each site has its entry on both chains, and no entry lacks its site"


def let_sites_be_told(url: str) -> None:
    """What a system says in its migrations about its own events."""
    with psycopg.connect(url) as admin:
        admin.execute("INSERT INTO ledger_telling VALUES ('site.told', 'people_site', 'owner')")


def test_a_writer_killed_among_two_hundred_writes_loses_nothing_acknowledged(scene, tmp_path: Path) -> None:
    story = scene("requested")
    let_sites_be_told(story.url("postgres"))
    (tmp_path / "told").mkdir()
    counts = [WRITES] * (PROCESSES - 1) + [ENDLESS]
    writers = start_writers(dict(os.environ), tmp_path / "told", counts)
    *others, victim = writers
    assert wait_until(lambda: len(victim.lines()) > WRITES, 30)
    os.kill(victim.process.pid, signal.SIGKILL)
    victim.end()
    for writer in others:
        assert (writer.end(), writer.process.returncode) == ("", 0), "no deadlock between A→B and B→A, no error"
        assert len(writer.lines()) == WRITES + 1
    told = acknowledged(writers)
    assert WRITES * PROCESSES <= len(told) < WRITES * PROCESSES + ENDLESS
    check(story.url("postgres"), told)


def test_the_server_killed_among_two_hundred_writes_loses_nothing_acknowledged(
    library,
) -> None:
    """With the durable settings of production: the server's whole family dies at once and replays its log."""
    root = Path(tempfile.mkdtemp(prefix="atmpxb-crash-"))
    root.chmod(0o711)
    home = Home(root / "home").create()
    server = EmbeddedPostgres(home.data)
    try:
        with server:
            _copy_story(library, server)
            let_sites_be_told(server.admin_url(roles.DATABASE))
            environment = {
                **os.environ,
                "ATMPXB_HOME": str(home.root),
                "DATABASE_URL": server.url(roles.APP),
                "DJANGO_SETTINGS_MODULE": "atmpxb.platform.settings",
            }
            writers = start_writers(environment, root, [ENDLESS] * PROCESSES)
            postmaster = server.running()
            assert postmaster
            assert wait_until(lambda: len(acknowledged(writers)) >= WRITES * PROCESSES, 55)
            os.kill(postmaster, signal.SIGKILL)
            for writer in writers:
                assert "OperationalError" in writer.end()
            told = acknowledged(writers)
            assert WRITES * PROCESSES <= len(told) < ENDLESS * PROCESSES
        with EmbeddedPostgres(home.data) as again:
            check(again.admin_url(roles.DATABASE), told)
    finally:
        EmbeddedPostgres(home.data).stop(attached=True)
        shutil.rmtree(home.data.resolve().parent if home.data.is_symlink() else root, ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)


def _copy_story(library, server: EmbeddedPostgres) -> None:
    """Carry the network at "a request has been submitted" over to another server."""
    name, _ = library.template("requested")
    dumped = subprocess.run(
        [str(server.program("pg_dump")), "--format=plain", "--no-comments", library.postgres.admin_url(name)],
        check=True, capture_output=True,
    )  # fmt: skip
    restored = subprocess.run(
        [str(server.program("psql")), "-q", "-v", "ON_ERROR_STOP=1", server.admin_url(roles.DATABASE)],
        input=dumped.stdout, capture_output=True, check=False,
    )  # fmt: skip
    assert restored.returncode == 0, restored.stderr.decode()[-2000:]
