"""``atmpxb verify FILE``: what anybody can check of a certificate or an exported ledger, offline."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from atmpxb.notes import Noted, Voice, say, template
from atmpxb.platform import voices

if TYPE_CHECKING:
    from atmpxb.quality.proof.line import Line
    from atmpxb.quality.proof.verify import Report

#: Reading and recomputing a certificate of the largest size, on a slow computer.
PATIENCE_S = 1800
MARKS = {True: template("ok"), False: template("FAIL"), None: template("note")}
#: Every check by its code, which is its English name; some of them name behind it what they checked.
CHECKS = frozenset(
    {
        template("trust list"), template("seal"), template("issuer"), template("demo"), template("record"),
        template("printed text"), template("approval"), template("inclusion"), template("checkpoint"),
        template("signatures"), template("documents"), template("verdicts"), template("analysis"), template("kind"),
        template("replaces"), template("current"), template("chain"), template("witnesses"), template("table"),
        template("vault"), template("certificate"), template("times"), template("four eyes"), template("remarks"),
        template("derived"), template("analyses"), template("export"), template("checkpoints"), template("newest"),
        template("witness"),
    }
)  # fmt: skip


class NotACertificate(Noted, ValueError):
    """A file that is given as a certificate is none, by its size or its first bytes."""


@click.command(
    "verify",
    help="Check a certificate (PDF) or an exported ledger (JSONL) offline. Exit status: 0 all holds, 1 a check fails,"
    " 2 unreadable, 3 all holds but the report is INTERIM: not a certificate of the batch.",
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--raw", type=click.Path(path_type=Path, file_okay=False), help="Folder of raw files: recompute results.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust list, obtained separately.")
@click.option(
    "--witness", type=click.Path(path_type=Path, dir_okay=False), help="Checkpoints of the ledger, kept elsewhere."
)
@click.option("--deep", is_flag=True, help="Check this installation instead: ledger, tables, vault, certificates.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--language", type=click.Choice(voices.LANGUAGES), default=None, help="Default: the language of the terminal."
)
def command(
    file: Path | None, raw: Path | None, trust: Path | None, witness: Path | None, deep: bool, as_json: bool,
    language: str | None,
) -> None:  # fmt: skip
    voice = voices.voice(language or voices.of_terminal())
    if deep == (file is not None):
        raise click.UsageError("give a certificate or an exported ledger, or --deep to check this installation")
    if file is None:
        _deep(as_json, voice)
    elif _is_ledger(file):
        if raw:
            raise click.UsageError("--raw goes with a certificate; with an exported ledger give --witness")
        _ledger(file, trust, witness, as_json, voice)
    elif witness:
        raise click.UsageError("--witness goes with an exported ledger; with a certificate give --raw")
    else:
        _certificate(file, raw, trust, as_json, voice)


def _is_ledger(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(1) == b"{"
    except OSError:
        return False  # told by whoever reads it


def _certificate(certificate: Path, raw: Path | None, trust: Path | None, as_json: bool, voice: Voice) -> None:
    from atmpxb.quality.assays.seam import AssayError
    from atmpxb.quality.confined import clean_process, confined
    from atmpxb.quality.proof.folder import RawFolder
    from atmpxb.records.signatures.seal import LARGEST_DOCUMENT

    try:
        if certificate.stat().st_size > LARGEST_DOCUMENT:
            raise NotACertificate(
                "verify.too_large",
                "{file} is larger than {limit} bytes: no certificate is",
                file=certificate,
                limit=LARGEST_DOCUMENT,
            )
        pdf = certificate.read_bytes()
        if not pdf.startswith(b"%PDF-"):
            raise NotACertificate("verify.no_pdf", "{file} is not a PDF file", file=certificate)
        files = RawFolder(raw) if raw else None
        trusted = trust.read_bytes() if trust else None
        report: Report = confined(clean_process(), _verify, pdf, files, trusted, seconds=PATIENCE_S)
    except (OSError, ValueError, AssayError) as error:
        raise _unreadable(error, as_json, voice) from None
    _print(report.lines, {"holds": report.holds, "kind": report.kind}, as_json, voice)
    raise SystemExit(1 if not report.holds else 3 if report.kind == "interim" else 0)


def _verify(pdf: bytes, raw: Mapping[str, bytes] | None, trust: bytes | None) -> "Report":
    from atmpxb.quality.proof.verify import verify

    return verify(pdf, raw, trust, voices=voices.voice)


def _ledger(ledger: Path, trust: Path | None, witness: Path | None, as_json: bool, voice: Voice) -> None:
    from atmpxb.quality.assays.seam import AssayError
    from atmpxb.quality.confined import clean_process, confined

    try:
        trusted = trust.read_bytes() if trust else None
        lines: tuple[Line, ...] = confined(
            clean_process(), _verify_ledger, ledger, trusted, witness, seconds=PATIENCE_S
        )
    except (OSError, ValueError, AssayError) as error:
        raise _unreadable(error, as_json, voice) from None
    holds = all(line.ok is not False for line in lines)
    _print(lines, {"holds": holds, "kind": "ledger"}, as_json, voice)
    raise SystemExit(0 if holds else 1)


def _verify_ledger(ledger: Path, trust: bytes | None, witness: Path | None) -> "tuple[Line, ...]":
    from atmpxb.quality.proof import exported

    with ExitStack() as files:
        lines = _lines(files.enter_context(ledger.open("rb")), exported.LONGEST_LINE)
        kept = _lines(files.enter_context(witness.open("rb")), exported.LONGEST_LINE) if witness else None
        return exported.verify(lines, trust, kept)


def _lines(opened: IO[bytes], longest: int) -> Iterator[bytes]:
    """Line by line; one that is longer than any entry comes in pieces, which no reader takes for a line."""
    return iter(lambda: opened.readline(longest), b"")


def _unreadable(error: Exception, as_json: bool, voice: Voice) -> SystemExit:
    if as_json:
        said = json.dumps({"holds": False, "error": str(error)})
    else:
        said = f"atmpxb verify: {say(error.note, voice) if isinstance(error, Noted) else error}"
    print(said, file=sys.stderr)
    return SystemExit(2)


def _deep(as_json: bool, voice: Voice) -> None:
    from atmpxb.platform import connection
    from atmpxb.platform.home import Home

    with connection.django(Home.here()):
        from atmpxb.quality.proof import deep

        lines = tuple(deep.verify())
    holds = all(line.ok is not False for line in lines)
    _print(lines, {"holds": holds}, as_json, voice)
    raise SystemExit(0 if holds else 1)


def _print(found: Sequence["Line"], outcome: Mapping[str, object], as_json: bool, voice: Voice) -> None:
    if as_json:
        lines = [{"check": line.check, "ok": line.ok, "message": line.message} for line in found]
        print(json.dumps({**outcome, "lines": lines}, ensure_ascii=False, indent=1))
        return
    names = [_named(line.check, voice) for line in found]
    width = max(map(len, names), default=0)
    for name, line in zip(names, found, strict=True):
        print(f"{voice.translate(MARKS[line.ok]):<4}  {name:<{width}}  {say(line.said, voice)}")


def _named(check: str, voice: Voice) -> str:
    """The name of a check; behind its first word may stand what is checked, e.g. ``chain LAB``."""
    if check in CHECKS:
        return voice.translate(check)
    kind, _blank, what = check.partition(" ")
    return f"{voice.translate(kind)} {what}"
