"""The kind of test done elsewhere: a partner's certificate, typed by one person and checked by another."""

from collections.abc import Mapping, Sequence
from typing import Any

from atmpxb.notes import Note, note, say
from atmpxb.quality.assays import worksheet
from atmpxb.quality.assays.seam import (
    REPORT_DATE,
    REPORT_NUMBER,
    Analysis,
    AssayError,
    FileFacts,
    Method,
    Origin,
    RawFile,
)
from atmpxb.quality.assays.suitability import judge, require_inputs
from atmpxb.quality.assays.transcription.evidence import Evidence, inspect

_FORMATS = {"pdf", "image"}
#: What names the report on our certificate, and the form that it has.
_NAMING = {REPORT_NUMBER: "text", REPORT_DATE: "date"}


class Transcription:
    """Transcription of a certificate."""

    code = "transcription"
    title = {"en": "Transcribed certificate", "nl": "Overgenomen certificaat"}
    source: Origin = "report"
    recomputable = False

    def problems(self, method: Method) -> tuple[Note, ...]:
        """What is wrong with a method document, one sentence each."""
        found = worksheet.problems(method)
        if not any(item.minimum for item in method.inputs):
            found.insert(
                0,
                note(
                    "transcription.no_inputs",
                    "a transcription needs [[inputs]] with the certificate it is taken from",
                ),
            )
        entries = {entry.code: entry for entry in method.entries}
        found += [
            note(
                "transcription.no_naming",
                "a transcription needs the entry '{code}' of type '{form}', required, once for the run",
                code=code,
                form=form,
            )
            for code, form in _NAMING.items()
            if (entry := entries.get(code)) is None or entry.type != form or not entry.required or entry.per_sample
        ]
        found += [
            note(
                "transcription.input_format",
                "input '{role}' has formats {formats}; a transcription reads pdf and image",
                role=item.role,
                formats=", ".join(item.formats),
            )
            for item in method.inputs
            if not set(item.formats) <= _FORMATS
        ]
        return tuple(found)

    def facts(self, file: RawFile) -> FileFacts:
        """What the file is, and whether it holds active content."""
        evidence = inspect(file.name, file.data)
        summary = {"type": evidence.type}
        if warnings := _warnings(file.name, evidence):
            summary["warning"] = say(tuple(warnings))
        return FileFacts(format=evidence.format, summary=summary)

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        """The typed values, with the certificate as their evidence.

        Raises AssayError where a file is no certificate or an entry does not have its form.
        """
        if found := self.problems(method):
            raise AssayError("transcription.method", "Method {method}: {problems}", method=method.code, problems=found)
        require_inputs(method, files)
        evidence = [(file, inspect(file.name, file.data)) for file in files]
        formats = {item.role: item.formats for item in method.inputs}
        for file, seen in evidence:
            if seen.format not in formats[file.role]:
                wanted = ", ".join(formats[file.role])
                raise AssayError(
                    "transcription.format",
                    "{file} is {type}; role '{role}' takes {wanted}.",
                    file=file.name,
                    type=seen.type,
                    role=file.role,
                    wanted=wanted,
                )
        checks = tuple(
            check
            for sample, measures in worksheet.measures(method, bench).items()
            for check in judge(method, measures, sample)
        )
        return Analysis(
            worksheet.values(method, bench),
            checks,
            warnings=tuple(text for file, seen in evidence for text in _warnings(file.name, seen)),
            details={
                "evidence": [{"file": file.name, "sha256": file.sha256, "type": seen.type} for file, seen in evidence]
            },
        )


def _warnings(name: str, evidence: Evidence) -> list[Note]:
    found: list[Note] = []
    if evidence.active:
        found.append(
            note(
                "transcription.active",
                "{file} holds active content ({active}); open it without scripts.",
                file=name,
                active=", ".join(evidence.active),
            )
        )
    if evidence.encrypted:
        found.append(
            note(
                "transcription.encrypted",
                "{file} is encrypted, so it was not searched for active content.",
                file=name,
            )
        )
    elif not evidence.searched_fully:
        found.append(
            note(
                "transcription.not_searched",
                "{file} could not be searched fully for active content.",
                file=name,
            )
        )
    return found


KIND = Transcription()
