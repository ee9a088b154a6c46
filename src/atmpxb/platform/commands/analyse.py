"""``atmpxb analyse METHOD FILE…``: the science at a terminal, without a database."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import click

from atmpxb.notes import Fact, Voice, listed, say
from atmpxb.platform import voices
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.registry import kind
from atmpxb.quality.assays.seam import Analysis, AssayError, AssayKind, Check, Method, RawFile, Value, Words
from atmpxb.quality.assays.worksheet import entry_of
from atmpxb.quality.certificate.wording import localised
from atmpxb.science.personal import PERHAPS

#: Heads and words of the report in both languages.
TEXTS = {
    "en": {
        "result": "Result", "value": "Value", "unit": "Unit", "interval": "Interval", "sample": "Sample",
        "check": "Check", "observed": "Observed", "criterion": "Criterion", "outcome": "Outcome",
        "passed": "passed", "failed": "FAILED", "unjudged": "NOT JUDGED", "undetermined": "undetermined",
        "excluded": "Left out", "repaired": "Repaired", "warning": "Warning", "plot": "Plot",
        "personal": "looks like a {what}; the platform would quarantine this file",
        "perhaps": "could be a national number by chance; the platform would warn of this file",
    },
    "nl": {
        "sample": "Monster", "result": "Resultaat", "value": "Waarde", "unit": "Eenheid",
        "interval": "Interval", "check": "Controle", "observed": "Vastgesteld", "criterion": "Criterium",
        "outcome": "Uitkomst",
        "passed": "voldaan", "failed": "NIET VOLDAAN", "unjudged": "NIET BEOORDEELD",
        "undetermined": "niet bepaald", "excluded": "Weggelaten", "repaired": "Hersteld",
        "warning": "Waarschuwing", "plot": "Figuur",
        "personal": "lijkt op een {what}; het platform zou dit bestand in quarantaine plaatsen",
        "perhaps": "is misschien een nationaal nummer, misschien toeval; het platform zou voor dit bestand waarschuwen",
    },
}  # fmt: skip

#: What a personal look-alike is called in Dutch.
_LOOKS = {
    "name": "naam", "birth date": "geboortedatum", "national number": "rijksregister- of burgerservicenummer",
    "e-mail address": "e-mailadres", "bank account": "bankrekening", "sex and age": "geslacht met leeftijd",
}  # fmt: skip


@click.command("analyse")
@click.argument("method", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--role", "roles", multiple=True, metavar="FILE=ROLE", help="Role of a file in the method.")
@click.option("--sample", "samples", multiple=True, metavar="FILE=LABEL", help="Sample measured in a file.")
@click.option("--entry", "entries", multiple=True, metavar="CODE[@SAMPLE]=VALUE", help="Worksheet entry.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with unrounded values.")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), help="Write the pictures here as SVG.")
@click.option(
    "--language",
    "lang",
    type=click.Choice(voices.LANGUAGES),
    default=None,
    help="Default: the language of the terminal.",
)
@click.pass_context
def analyse(
    context: click.Context,
    method: Path,
    files: tuple[Path, ...],
    roles: tuple[str, ...],
    samples: tuple[str, ...],
    entries: tuple[str, ...],
    as_json: bool,
    plots: Path | None,
    lang: str | None,
) -> None:
    """Analyse FILES by METHOD and print results, checks and warnings.

    Exit status: 0 all is well, 1 a check failed or something is undetermined, 2 the files can't be analysed.
    """
    voice = voices.voice(lang or voices.of_terminal())
    try:
        document = parse(method.read_bytes())
        engine = kind(document.kind)
        if found := engine.problems(document):
            raise AssayError("method.problems", "{file}: {problems}", file=method.name, problems=found)
        raw, personal = _raw_files(document, engine, files, _pairs(roles, files), _pairs(samples, files))
        analysis = engine.analyse(document, raw, _bench(document, entries))
    except AssayError as error:
        _refuse(error, as_json, voice)
    written = _write_plots(analysis, plots) if plots else []
    if as_json:
        click.echo(json.dumps(_report(document, raw, analysis), ensure_ascii=False, indent=2, sort_keys=True))
    else:
        for line in _lines(document, analysis, personal, written, voice):
            click.echo(line)
    context.exit(0 if _is_well(analysis) else 1)


command = analyse


def _refuse(error: AssayError, as_json: bool, voice: Voice) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"error": {"code": error.code, "message": error.message}}, ensure_ascii=False))
    click.echo(f"{error.code}: {say(error.note, voice)}", err=True)
    raise click.exceptions.Exit(2)


def _is_well(analysis: Analysis) -> bool:
    determined = all(value.value is not None for value in analysis.values)
    return bool(analysis.values) and determined and all(check.passed is True for check in analysis.checks)


def _pairs(options: Sequence[str], files: Sequence[Path]) -> dict[Path, str]:
    """``FILE=TEXT`` options by file; FILE is a path or the name of exactly one of the files."""
    found = {}
    for option in options:
        name, mark, text = option.rpartition("=")
        named = [file for file in files if str(file) == name] or [file for file in files if file.name == name]
        if not mark or len(named) != 1:
            choices = listed(str(file) for file in files)
            raise AssayError(
                "analyse.option",
                "'{option}' does not name one of the files ({choices}).",
                option=option,
                choices=choices,
            )
        found[named[0]] = text
    return found


def _bench(method: Method, entries: Sequence[str]) -> dict[str, Any]:
    """The worksheet: ``code=value`` for the run, ``code@sample=value`` for one sample."""
    bench: dict[str, Any] = {}
    codes = {entry.code for entry in method.entries}
    for option in entries:
        name, mark, value = option.partition("=")
        code, at, sample = name.partition("@")
        if not mark or code not in codes:
            known = listed(sorted(codes))
            raise AssayError(
                "analyse.entry",
                "'{option}' is no entry of {code}; its entries: {known}.",
                option=option,
                code=method.code,
                known=known,
            )
        if isinstance(bench.get(code), dict) != bool(at) and code in bench:
            raise AssayError(
                "analyse.entry", "Entry '{code}' is given for the run and for a sample; choose one.", code=code
            )
        if at:
            bench.setdefault(code, {})[sample] = value
        else:
            bench[code] = value
    return bench


def _raw_files(
    method: Method, engine: AssayKind, files: Sequence[Path], roles: dict[Path, str], samples: dict[Path, str]
) -> tuple[list[RawFile], list[tuple[str, Fact, str]]]:
    """The files with their roles, and what in them looks personal: (file, where, what)."""
    found, personal = [], []
    for path in files:
        data = path.read_bytes()
        file = RawFile(path.name, roles.get(path, ""), data, sha256(data).hexdigest(), samples.get(path, ""))
        facts = engine.facts(file)
        personal += [(path.name, where, what) for where, what in facts.personal]
        role = file.role or _only_role(method, path.name, facts.format)
        found.append(RawFile(file.name, role, data, file.sha256, file.sample))
    return found, personal


def _only_role(method: Method, name: str, format: str) -> str:
    fitting = [item.role for item in method.inputs if format in item.formats]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        wanted = listed(sorted({known for item in method.inputs for known in item.formats}))
        raise AssayError(
            "analyse.format",
            "{file} is {format}; method {code} takes {wanted}.",
            file=name,
            format=format,
            code=method.code,
            wanted=wanted,
        )
    raise AssayError(
        "analyse.role",
        "{file} may be {roles}; say which with --role {file}={role}.",
        file=name,
        roles=", ".join(fitting),
        role=fitting[0],
    )


def _write_plots(analysis: Analysis, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, plot in enumerate(analysis.plots, start=1):
        name = "-".join(filter(None, (f"{number:02d}", plot.code, plot.sample)))
        # A sample label is free text; only what is safe in every file system stays.
        safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
        written.append(folder / f"{safe}.svg")
        written[-1].write_text(plot.svg, encoding="utf-8")
    return written


def _report(method: Method, files: Sequence[RawFile], analysis: Analysis) -> dict[str, Any]:
    """The machine-readable report; plots stay out, their tables are in the files that --plots writes."""
    body = {key: value for key, value in asdict(analysis).items() if key != "plots"}
    identity = {
        "code": method.code, "version": method.version, "kind": method.kind, "sha256": method.sha256
    }  # fmt: skip
    inputs = [{"name": file.name, "role": file.role, "sample": file.sample, "sha256": file.sha256} for file in files]
    return {"method": identity, "files": inputs, **body}


def _lines(
    method: Method,
    analysis: Analysis,
    personal: Sequence[tuple[str, Fact, str]],
    written: Sequence[Path],
    voice: Voice,
) -> Iterable[str]:
    lang, texts = voice.language, TEXTS[voice.language]
    yield f"{method.code} {method.version}  {_said(method.title, lang)}"
    yield ""
    heads = [texts[key] for key in ("sample", "result", "value", "unit", "interval")]
    yield from _table(heads, [_value_row(value, method, lang) for value in analysis.values])
    if analysis.checks:
        yield ""
        heads = [texts[key] for key in ("sample", "check", "observed", "criterion", "outcome")]
        yield from _table(heads, [_check_row(check, voice) for check in analysis.checks])
    notes = [
        f"{texts['excluded']}: {say(item.what, voice)} ({say(item.reason, voice)})" for item in analysis.exclusions
    ]
    notes += [f"{texts['repaired']}: {': '.join(item.told(voice))}" for item in analysis.repairs]
    notes += [f"{texts['warning']}: {say(warning, voice)}" for warning in analysis.warnings]
    for name, where, what in personal:
        looks = _LOOKS.get(what, what) if lang == "nl" else what
        text = texts["perhaps"] if what == PERHAPS else texts["personal"].format(what=looks)
        notes.append(f"{texts['warning']}: {name}, {say(where, voice)} {text}")
    notes += [f"{texts['plot']}: {path}" for path in written]
    yield from ["", *notes] if notes else []


def _said(words: Words, lang: str) -> str:
    return words.get(lang) or words.get("en", "")


def _value_row(value: Value, method: Method, lang: str) -> list[str]:
    reportable = next(item for item in method.reportables if item.code == value.code)
    entry = entry_of(method, reportable)
    if value.value is None:
        shown = TEXTS[lang]["undetermined"]
    elif entry and value.value in entry.choices:
        shown = _said(entry.choices[value.value], lang)
    else:
        shown = _shown(value.value, lang)
    interval = ""
    if value.interval:
        interval = f"{_shown(value.interval.low, lang)} – {_shown(value.interval.high, lang)}"
    return [value.sample, _said(reportable.title, lang), shown, value.unit, interval or _said(value.why, lang)]


def _check_row(check: Check, voice: Voice) -> list[str]:
    lang = voice.language
    outcome = {True: "passed", False: "failed", None: "unjudged"}[check.passed]
    observed = _localised(say(check.observed, voice), lang) if check.passed is not None else ""
    criterion = localised(say(check.criterion, voice), lang)
    return [check.sample, _said(check.title, lang), observed, criterion, TEXTS[lang][outcome]]


def _localised(observed: str, lang: str) -> str:
    """``"5.0796650725 %"`` → ``"5,07967 %"``; words stay as they are."""
    number, blank, unit = observed.partition(" ")
    return _shown(number, lang) + blank + unit


def _shown(text: str, lang: str) -> str:
    """Six significant digits for the eye; --json has them all."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    shown = f"{float(number):.6g}"
    return shown.replace(".", ",") if lang == "nl" else shown


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns wide enough for their texts; a column without any text is left out."""
    used = [column for column in range(len(heads)) if any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in [heads, *rows]) for column in used}
    for row in [heads, ["─" * widths.get(column, 0) for column in range(len(heads))], *rows]:
        yield "  ".join(row[column].ljust(widths[column]) for column in used).rstrip()
