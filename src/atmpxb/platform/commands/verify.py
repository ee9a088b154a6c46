"""``atmpxb verify CERTIFICATE.pdf``: what anybody can check of a certificate, without database or network."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from atmpxb.quality.proof.line import Line

MARKS = {True: "ok  ", False: "FAIL", None: "note"}


@click.command(
    "verify", help="Check a certificate offline. Exit status: 0 all holds, 1 a check fails, 2 unreadable."
)
@click.argument("certificate", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--raw", type=click.Path(path_type=Path, file_okay=False), help="Folder of raw files: recompute results."
)
@click.option(
    "--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust list, obtained separately."
)
@click.option("--deep", is_flag=True, help="Check this installation instead: ledger, tables, vault, certificates.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(certificate: Path | None, raw: Path | None, trust: Path | None, deep: bool, as_json: bool) -> None:
    if deep == (certificate is not None):
        raise click.UsageError("give a certificate, or --deep to check this installation")
    if certificate is None:
        _deep(as_json)
        return
    from atmpxb.quality.proof.folder import RawFolder
    from atmpxb.quality.proof.verify import verify
    from atmpxb.records.signatures.seal import LARGEST_DOCUMENT

    try:
        if certificate.stat().st_size > LARGEST_DOCUMENT:
            raise ValueError(f"{certificate} is larger than {LARGEST_DOCUMENT} bytes: no certificate is")
        pdf = certificate.read_bytes()
        if not pdf.startswith(b"%PDF-"):
            raise ValueError(f"{certificate} is not a PDF file")
        files = RawFolder(raw) if raw else None
        trusted = trust.read_bytes() if trust else None
    except (OSError, ValueError) as error:
        print(
            json.dumps({"holds": False, "error": str(error)}) if as_json else f"atmpxb verify: {error}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    report = verify(pdf, files, trusted)
    _print(report.lines, report.holds, as_json)
    raise SystemExit(0 if report.holds else 1)


def _deep(as_json: bool) -> None:
    from atmpxb.platform import connection
    from atmpxb.platform.home import Home

    with connection.django(Home.here()):
        from atmpxb.quality.proof import deep

        lines = tuple(deep.verify())
    holds = all(line.ok is not False for line in lines)
    _print(lines, holds, as_json)
    raise SystemExit(0 if holds else 1)


def _print(found: Sequence["Line"], holds: bool, as_json: bool) -> None:
    if as_json:
        lines = [{"check": line.check, "ok": line.ok, "message": line.message} for line in found]
        print(json.dumps({"holds": holds, "lines": lines}, ensure_ascii=False, indent=1))
        return
    width = max((len(line.check) for line in found), default=0)
    for line in found:
        print(f"{MARKS[line.ok]}  {line.check:<{width}}  {line.message}")
