"""The kind of test where a person looks: words or a number on the worksheet, checked by another person."""

from collections.abc import Mapping, Sequence
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.assays import worksheet
from atmpxb.quality.assays.seam import Analysis, AssayError, FileFacts, Method, Origin, RawFile
from atmpxb.quality.assays.suitability import judge, require_inputs


class Observation:
    """Manual observation."""

    code = "observation"
    title = {"en": "Manual observation", "nl": "Manuele waarneming"}
    source: Origin = "bench"
    recomputable = False

    def problems(self, method: Method) -> tuple[Note, ...]:
        """What is wrong with a method document, one sentence each."""
        found = worksheet.problems(method)
        if method.inputs:
            found.insert(0, note("observation.inputs", "an observation has no files; take [[inputs]] away"))
        return tuple(found)

    def facts(self, file: RawFile) -> FileFacts:
        """Always raises: an observation has no files."""
        raise AssayError(
            "observation.no_files",
            "{file}: an observation has no files; attach it to another test.",
            file=file.name,
        )

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        """The entries as values. Raises AssayError where an entry does not have its form."""
        if found := self.problems(method):
            raise AssayError("observation.method", "Method {method}: {problems}", method=method.code, problems=found)
        require_inputs(method, files)
        checks = tuple(
            check
            for sample, measures in worksheet.measures(method, bench).items()
            for check in judge(method, measures, sample)
        )
        return Analysis(worksheet.values(method, bench), checks)


KIND = Observation()
