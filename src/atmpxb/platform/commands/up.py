"""``atmpxb up``: everything an installation consists of, in one command."""

import fcntl
import http.client
import importlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from atmpxb.platform import connection
from atmpxb.platform.binaries import PostgresFailed
from atmpxb.platform.commands.demo_load import discard_interrupted_load, has_records
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.platform.processes import wait_until
from atmpxb.platform.supervisor import (
    MARK,
    Database,
    PartFailed,
    Program,
    Stopped,
    Supervisor,
    clear_leftovers,
)

type _Question = Callable[[], bool]

_ATMPXB = [sys.executable, "-m", "atmpxb.platform.cli"]


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port on loopback.")
@click.option("--demo/--no-demo", default=True, help="Load the demo network at the first start.")
@click.option("--web-workers", default=2, show_default=True, type=click.IntRange(1), help="Web processes.")
def command(port: int, demo: bool, web_workers: int) -> None:
    """Run everything: database, signing process, web and one worker, until Ctrl-C."""
    began = time.monotonic()
    here = Home.here().create()
    supervisor = Supervisor(say=lambda line: click.echo(line, err=True))
    with _only_one(here):
        here.address.unlink(missing_ok=True)  # of one that was killed, perhaps at another port
        clear_leftovers(str(here.root))
        _demand_free(port)
        supervisor.listen()
        try:
            _start(supervisor, here, port, demo=demo, web_workers=web_workers)
            here.address.write_text(os.environ.get("ATMPXB_URL", f"http://127.0.0.1:{port}"), encoding="utf-8")
            _announce(here, port, time.monotonic() - began)
            supervisor.watch()
        except Stopped:
            click.echo("Stopping …")
        except (PartFailed, PostgresFailed) as error:
            raise click.ClickException(str(error)) from None
        finally:
            here.address.unlink(missing_ok=True)
            supervisor.stop()


def _start(supervisor: Supervisor, here: Home, port: int, *, demo: bool, web_workers: int) -> None:
    connection.demand_all(here)
    embedded = None if connection.external(here) else EmbeddedPostgres(here.data)
    address = f"http://127.0.0.1:{port}"
    environment = {"ATMPXB_URL": address, **os.environ, **connection.environment(here), MARK: str(here.root)}
    if importlib.util.find_spec("atmpxb.platform.messages"):
        importlib.import_module("atmpxb.platform.messages").compile_catalogues()
    if embedded:
        supervisor.add(Database(embedded))
        if discard_interrupted_load(here, embedded):
            click.echo("The demo was not loaded whole last time: starting it afresh.")

    def program(name: str, command: list[str], ready: _Question) -> None:
        log = here.logs / f"{name}.log"
        supervisor.add(Program(name, command, log=log, environment=environment, ready=ready))

    # The signing process needs no database: both get ready at the same time.
    preparing = subprocess.Popen([*_ATMPXB, "prepare"], env=environment)
    program("signer", [*_ATMPXB, "signer"], _Listening(here.run / "signer.sock"))
    _finish(preparing, "prepare")
    demo = demo and embedded is not None
    if demo or here.greeting.exists():
        environment["ATMPXB_DEMO"] = "1"  # pages and seals say that the data is illustrative
    if demo and not here.greeting.exists() and not has_records(here):
        click.echo("First start: loading the demo network …")
        _finish(subprocess.Popen([*_ATMPXB, "demo-load"], env=environment), "demo-load")
    server = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    server += ["--workers", str(web_workers), "--blocking-threads", "16", "--no-ws", "--log-level", "warning"]
    server += ["--respawn-failed-workers", "--workers-kill-timeout", "3", "atmpxb.platform.wsgi:application"]
    program("web", server, _Healthy(port))
    program("worker", [*_ATMPXB, "worker", "--concurrency=2"], lambda: True)


def _finish(process: subprocess.Popen[bytes], command: str) -> None:
    """Wait for a command that runs in a process of its own, so that this one never loads the framework."""
    try:
        status = process.wait()
    finally:
        process.kill()  # only when we are told to stop meanwhile; a finished process does not notice
        process.wait()
    if status:
        raise PartFailed(f"`atmpxb {command}` failed with status {status}; see above.")


def _announce(here: Home, port: int, seconds: float) -> None:
    click.echo(f"\natmpxb is ready after {seconds:.1f} s:  http://127.0.0.1:{port}/\n")
    if here.greeting.exists():
        click.echo(here.greeting.read_text(encoding="utf-8"))
    elif not has_records(here):
        click.echo("Nobody works here yet. Found the first organisation: `atmpxb found`, in another window.\n")
    click.echo(f"Logs are in {here.logs}. Ctrl-C stops everything.")


@contextmanager
def _only_one(here: Home) -> Iterator[None]:
    with here.lock.open("a+") as lock:
        # Who only asks whether one runs holds the lock for an instant: that is no second one.
        if not wait_until(lambda: _locked(lock), 1.0):
            raise click.ClickException(
                f"`atmpxb up` already runs for {here.root}: stop it first, or choose another --home."
            ) from None
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _demand_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            raise click.ClickException(
                f"Port {port} is in use by another program: stop that, or choose another with --port."
            ) from None


class _Listening:
    """Whether somebody answers on a Unix socket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> bool:
        here = os.getcwd()
        with socket.socket(socket.AF_UNIX) as trial:
            try:
                os.chdir(self.path.parent)  # a relative name fits the kernel's limit on socket paths
                trial.connect(self.path.name)
            except OSError:
                return False
            finally:
                os.chdir(here)
        return True


class _Healthy:
    """Whether the web answers its health check."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self) -> bool:
        trial = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            trial.request("GET", "/healthz")
            return trial.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            trial.close()
