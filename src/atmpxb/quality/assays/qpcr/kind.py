"""The assay kind ``qpcr``: copies and vector copy number by standard curve, from RDML."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from atmpxb.notes import Note
from atmpxb.quality.assays.seam import (
    Analysis,
    AssayError,
    Check,
    Exclusion,
    FileFacts,
    Method,
    Origin,
    RawFile,
    Repair,
    Words,
)
from atmpxb.science.instruments.rdml import personal_places

from .judging import checks_of
from .parameters import examine, read_parameters
from .plate import apply_plate_map, leave_out, read_file, repairs_of, wells_of
from .plots import amplification_plot, standard_curve_plot
from .quantities import quantify
from .reporting import details_of, flag_warnings, values_of

_SERIAL = re.compile(r"(?:\bserial(?: number| no\.?)?|S/?N)[ :#]*([A-Za-z0-9][A-Za-z0-9-]*)", re.IGNORECASE)


class Qpcr:
    """See ``AssayKind``. The worksheet entry ``plate_map`` is optional: well → sample, type, quantity."""

    code = "qpcr"
    title: Words = {"en": "Quantitative PCR", "nl": "Kwantitatieve PCR"}
    source: Origin = "instrument"
    recomputable = True

    def problems(self, method: Method) -> tuple[Note, ...]:
        """What is wrong with the method document, one sentence each."""
        return examine(method)[1]

    def facts(self, file: RawFile) -> FileFacts:
        """What the file says of itself; raises AssayError when it is no readable RDML."""
        content = read_file(file)
        runs = [run for _, run in content.runs()]
        instrument = next((run.instrument for run in runs if run.instrument), "")
        serial = _SERIAL.search(instrument)
        wells = sum(len(run.reacts) for run in runs)
        types = {sample.id for sample in content.samples if any(t.code == "unkn" for t in sample.types)}
        used = {react.sample for run in runs for react in run.reacts}
        return FileFacts(
            format="rdml",
            instrument_serial=serial[1] if serial else "",
            instrument_model=instrument,
            acquired_at=next((run.date for run in runs if run.date), ""),
            samples=tuple(sample.id for sample in content.samples if sample.id in types & used),
            run=", ".join(run.id for run in runs),
            personal=personal_places(content),
            summary={
                "version": f"RDML {content.version}",
                "experiments": ", ".join(experiment.id for experiment in content.experiments),
                "targets": ", ".join(target.id for target in content.targets),
                "wells": str(wells),
                "software": " ".join(f"{run.software} {run.software_version}" for run in runs[:1]).strip(),
                "made": content.made,
                "unread": str(len(content.unread)),
                "repairs": str(len(content.repairs)),
                "other_parts": ", ".join(name for name, _ in content.parts),
            },
        )

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        """Analyse the plate.

        Raises:
            AssayError: the file or the method can't be used; says what would cure it.
        """
        parameters = read_parameters(method)
        if not files:
            raise AssayError("qpcr.no_file", "There is no file to analyse: attach the RDML export of the run.")
        repairs: list[Repair] = []
        contents = []
        for file in files:
            content = read_file(file)
            contents.append(content)
            repairs += repairs_of(file, content)
        wells, checks = apply_plate_map(wells_of(contents, parameters), bench.get("plate_map"))
        kept, left_out = leave_out(wells)
        exclusions: list[Exclusion] = list(left_out)
        results = {target.id: quantify(target, kept, parameters) for target in parameters.targets}
        for result in results.values():
            exclusions += result.exclusions
        # A sample whose wells are all excluded still gets its line, undetermined.
        samples = tuple(dict.fromkeys(well.sample for well in wells if well.type == "unkn"))
        if not samples:
            raise AssayError(
                "qpcr.no_unknown",
                "No well holds an unknown sample: set sample types at the cycler or on the plate map.",
            )
        values, warnings = values_of(method, parameters, results, samples)
        judged: tuple[Check, ...] = checks_of(method, parameters, results, samples)
        plots = [amplification_plot(result, parameters.axis) for result in results.values()]
        plots += [standard_curve_plot(result, samples) for result in results.values()]
        return Analysis(
            values,
            (*checks, *judged),
            tuple(exclusions),
            tuple(repairs),
            (*warnings, *flag_warnings(results)),
            tuple(plot for plot in plots if plot is not None),
            details_of(results),
        )


KIND = Qpcr()
