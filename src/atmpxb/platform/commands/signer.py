"""``atmpxb signer``: the signing process, the only one that reads private keys."""

import signal
import sys
import threading
from logging.config import dictConfig
from pathlib import Path

import click

from atmpxb.platform import logs
from atmpxb.records.signatures.keys import Keyring, KeyringError
from atmpxb.records.signatures.signing import SigningError, SigningProcess, keys_folder, socket_path


@click.command("signer", help="Run the signing process of the installation in HOME until it is told to stop.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), envvar="ATMPXB_HOME", required=True)
def command(home: Path) -> None:
    dictConfig(logs.CONFIGURATION)
    logs.catch("signer")
    try:
        process = SigningProcess(Keyring(keys_folder(home)), socket_path(home))
    except (SigningError, KeyringError, OSError) as error:
        print(f"atmpxb signer: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    # serve() runs in this thread; a signal handler that waited for it to end would wait for itself.
    stop = threading.Thread(target=process.close)

    def on_signal(_number: int, _frame: object) -> None:
        if not stop.ident:
            stop.start()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    print(f"signing process ready on {socket_path(home)}", flush=True)
    process.serve()
    stop.join()
