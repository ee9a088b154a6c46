"""``atmpxb verify CERTIFICATE.pdf``: what anybody can check of a certificate, without database or network."""

import json
import sys
from pathlib import Path

import click

MARKS = {True: "ok  ", False: "FAIL", None: "note"}


@click.command(
    "verify", help="Check a certificate offline. Exit status: 0 all holds, 1 a check fails, 2 unreadable."
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
    if as_json:
        lines = [{"check": line.check, "ok": line.ok, "message": line.message} for line in report.lines]
        print(json.dumps({"holds": report.holds, "lines": lines}, ensure_ascii=False, indent=1))
    else:
        width = max(len(line.check) for line in report.lines)
        for line in report.lines:
            print(f"{MARKS[line.ok]}  {line.check:<{width}}  {line.message}")
    raise SystemExit(0 if report.holds else 1)
