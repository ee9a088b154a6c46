"""``atmpxb verify CERTIFICATE.pdf``: what anybody can check of a certificate, without database or network."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from atmpxb.quality.proof.verify import Report

#: Reading and recomputing a certificate of the largest size, on a slow computer.
PATIENCE_S = 1800
MARKS = {True: "ok  ", False: "FAIL", None: "note"}


@click.command(
    "verify",
    help="Check a certificate offline. Exit status: 0 all holds, 1 a check fails, 2 unreadable, 3 all holds but the"
    " report is INTERIM: not a certificate of the batch.",
)
@click.argument("certificate", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--raw", type=click.Path(path_type=Path, file_okay=False), help="Folder of raw files: recompute results."
)
@click.option(
    "--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust list, obtained separately."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(certificate: Path, raw: Path | None, trust: Path | None, as_json: bool) -> None:
    from atmpxb.quality.assays.seam import AssayError
    from atmpxb.quality.confined import confined, plain_fork
    from atmpxb.quality.proof.folder import RawFolder
    from atmpxb.records.signatures.seal import LARGEST_DOCUMENT

    try:
        if certificate.stat().st_size > LARGEST_DOCUMENT:
            raise ValueError(f"{certificate} is larger than {LARGEST_DOCUMENT} bytes: no certificate is")
        pdf = certificate.read_bytes()
        if not pdf.startswith(b"%PDF-"):
            raise ValueError(f"{certificate} is not a PDF file")
        files = RawFolder(raw) if raw else None
        trusted = trust.read_bytes() if trust else None
        report: Report = confined(plain_fork(), _verify, pdf, files, trusted, seconds=PATIENCE_S)
    except (OSError, ValueError, AssayError) as error:
        print(
            json.dumps({"holds": False, "error": str(error)}) if as_json else f"atmpxb verify: {error}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    if as_json:
        lines = [{"check": line.check, "ok": line.ok, "message": line.message} for line in report.lines]
        print(json.dumps({"holds": report.holds, "kind": report.kind, "lines": lines}, ensure_ascii=False, indent=1))
    else:
        width = max(len(line.check) for line in report.lines)
        for line in report.lines:
            print(f"{MARKS[line.ok]}  {line.check:<{width}}  {line.message}")
    raise SystemExit(1 if not report.holds else 3 if report.kind == "interim" else 0)


def _verify(pdf: bytes, raw: Mapping[str, bytes] | None, trust: bytes | None) -> "Report":
    from atmpxb.quality.proof.verify import verify

    return verify(pdf, raw, trust)
