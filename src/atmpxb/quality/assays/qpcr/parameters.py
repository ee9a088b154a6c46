"""What a qPCR method document may say under ``[parameters]``, and what is wrong with it."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.assays.seam import AssayError, Method
from atmpxb.science.pcr import RULES, AmplificationRules

#: Measures of a target that stand once a plate.
TARGET_MEASURES = (
    "slope", "efficiency", "r2", "residual_sd", "levels", "points", "lack_of_fit_p",
    "ntc", "nec", "ntc_margin", "positive",
)  # fmt: skip
#: Measures that are judged for every unknown sample; the second group names a target.
SAMPLE_MEASURES = ("replicate_sd", "replicates")
SAMPLE_TARGET_MEASURES = ("cq",)
KEYS = (
    "targets",
    "copy_number",
    "cq",
    "out_of_range",
    "minimum_replicates",
    "standards",
    "curves",
    "run",
    "axis",
)


@dataclass(frozen=True, slots=True)
class TargetRule:
    """A target by its id in the file; the threshold is a fixed value or a rule that finds one."""

    id: str
    rule: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class CopyNumberRule:
    vector: str
    reference: str
    reference_copies_per_cell: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """``[parameters]`` of a method, checked.

    Attributes:
        cq: ``computed`` from the curves, or ``file``: the cycler's own Cq is taken over.
        out_of_range: ``undetermined`` or ``warn``, for results outside the standard curve.
        standards: sample id → quantity, for files that do not carry quantities.
    """

    targets: tuple[TargetRule, ...]
    copy_number: CopyNumberRule | None
    cq: str
    out_of_range: str
    minimum_replicates: int
    standards: Mapping[str, float]
    curves: AmplificationRules
    run: str
    axis: str

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(target.id for target in self.targets)


def number(value: object) -> float | None:
    """A finite number from TOML or the worksheet, else None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(str(value).strip())
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def read_parameters(method: Method) -> Parameters:
    """The parameters of a method.

    Raises:
        AssayError: ``qpcr.method`` with every problem.
    """
    parameters, problems = examine(method)
    if problems or parameters is None:
        raise AssayError("qpcr.method", "The method can't be used: {problems}", problems=problems)
    return parameters


def examine(method: Method) -> tuple[Parameters | None, tuple[Note, ...]]:
    """Parameters and problems; parameters are None when there is a problem."""
    problems: list[Note] = []
    given = method.parameters
    problems += [
        note(
            "qpcr.parameter",
            "parameters.{key} is not known; there are {known}.",
            key=key,
            known=", ".join(KEYS),
        )
        for key in given
        if key not in KEYS
    ]
    targets = _targets(given.get("targets"), problems)
    ids = [target.id for target in targets]
    copy_number = _copy_number(given.get("copy_number"), ids, problems)
    cq = _choice(given, "cq", ("computed", "file"), problems)
    out_of_range = _choice(given, "out_of_range", ("undetermined", "warn"), problems)
    axis = _choice(given, "axis", ("log", "linear"), problems)
    replicates = given.get("minimum_replicates", 2)
    if not isinstance(replicates, int) or replicates < 1:
        problems.append(
            note(
                "qpcr.minimum_replicates",
                "parameters.minimum_replicates must be a whole number of at least 1.",
            )
        )
        replicates = 1
    standards = _standards(given.get("standards", {}), problems)
    curves = _curves(given.get("curves", {}), problems)
    _reportables(method, ids, copy_number, problems)
    _criteria(method, ids, copy_number, problems)
    if not any("rdml" in entry.formats for entry in method.inputs):
        problems.append(
            note("qpcr.no_rdml", 'No input takes the format "rdml": add [[inputs]] with formats = ["rdml"].')
        )
    if problems:
        return None, tuple(problems)
    run = str(given.get("run", ""))
    return (
        Parameters(tuple(targets), copy_number, cq, out_of_range, replicates, standards, curves, run, axis),
        (),
    )


def _choice(given: Mapping[str, Any], key: str, choices: tuple[str, ...], problems: list[Note]) -> str:
    value = str(given.get(key, choices[0]))
    if value not in choices:
        problems.append(
            note(
                "qpcr.choice",
                "parameters.{key} is '{value}'; it must be one of {choices}.",
                key=key,
                value=value,
                choices=", ".join(choices),
            )
        )
    return value


def _targets(given: object, problems: list[Note]) -> list[TargetRule]:
    if not isinstance(given, list) or not given or not all(isinstance(target, Mapping) for target in given):
        problems.append(
            note(
                "qpcr.no_targets",
                "parameters.targets must list at least one target: [[parameters.targets]] with an id.",
            )
        )
        return []
    targets: list[TargetRule] = []
    for target in given:
        identifier = str(target.get("id", ""))
        wanted = target.get("threshold", "one_cycle_below_exponential_end")
        value = number(wanted)
        if not identifier or identifier in [other.id for other in targets]:
            problems.append(
                note(
                    "qpcr.target_id",
                    "Each of parameters.targets needs an id of its own; '{target}' is none.",
                    target=identifier,
                )
            )
        if value is None and (wanted not in RULES or wanted == "fixed"):
            rules = ", ".join(rule for rule in RULES if rule != "fixed")
            problems.append(
                note(
                    "qpcr.threshold",
                    "The threshold of {target} is '{threshold}'; give a number or one of {rules}.",
                    target=identifier,
                    threshold=wanted,
                    rules=rules,
                )
            )
        if value is not None and value <= 0:
            problems.append(
                note(
                    "qpcr.threshold_negative",
                    "The threshold of {target} must lie above zero.",
                    target=identifier,
                )
            )
        if extra := set(target) - {"id", "threshold"}:
            problems.append(
                note(
                    "qpcr.target_key",
                    "Target {target} has unknown keys: {keys}.",
                    target=identifier,
                    keys=", ".join(sorted(extra)),
                )
            )
        targets.append(TargetRule(identifier, str(wanted) if value is None else "fixed", value))
    return targets


def _copy_number(given: object, ids: list[str], problems: list[Note]) -> CopyNumberRule | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems.append(note("qpcr.copy_number", "parameters.copy_number must be a table with vector and reference."))
        return None
    vector, reference = str(given.get("vector", "")), str(given.get("reference", ""))
    for role, identifier in (("vector", vector), ("reference", reference)):
        if identifier not in ids:
            problems.append(
                note(
                    "qpcr.copy_number_target",
                    "parameters.copy_number.{role} is '{target}', which is not in parameters.targets.",
                    role=role,
                    target=identifier,
                )
            )
    if vector == reference:
        problems.append(note("qpcr.copy_number_same", "parameters.copy_number needs two different targets."))
    copies = number(given.get("reference_copies_per_cell"))
    if copies is None or copies <= 0:
        problems.append(
            note(
                "qpcr.reference_copies",
                "parameters.copy_number.reference_copies_per_cell must be given (2 in a diploid cell).",
            )
        )
        copies = 2.0
    return CopyNumberRule(vector, reference, copies)


def _standards(given: object, problems: list[Note]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for sample, value in given.items() if isinstance(given, Mapping) else ():
        quantity = number(value)
        if quantity is None or quantity <= 0:
            problems.append(
                note(
                    "qpcr.standard",
                    "parameters.standards.{sample} must be a quantity above zero.",
                    sample=sample,
                )
            )
        else:
            found[str(sample)] = quantity
    return found


def _curves(given: object, problems: list[Note]) -> AmplificationRules:
    known = {field.name: field.type for field in dataclasses.fields(AmplificationRules)}
    chosen: dict[str, Any] = {}
    for key, value in given.items() if isinstance(given, Mapping) else ():
        found = number(value)
        if key not in known or found is None or found < 0:
            problems.append(
                note(
                    "qpcr.curves",
                    "parameters.curves.{key}: known are {known}, each a number from zero.",
                    key=key,
                    known=", ".join(known),
                )
            )
        else:
            chosen[key] = int(found) if known[key] is int else found
    return AmplificationRules(**chosen)


def _reportables(method: Method, ids: list[str], rule: CopyNumberRule | None, problems: list[Note]) -> None:
    for reportable in method.reportables:
        measure, _, target = str(reportable.options.get("measure", "")).partition(":")
        if measure == "vcn" and not target:
            if rule is None:
                problems.append(
                    note(
                        "qpcr.vcn",
                        "{code} reports vcn, so parameters.copy_number must be given.",
                        code=reportable.code,
                    )
                )
        elif measure not in ("copies", "cq") or target not in ids:
            problems.append(
                note(
                    "qpcr.measure",
                    "The measure of {code} must be vcn, copies:TARGET or cq:TARGET.",
                    code=reportable.code,
                )
            )


def _criteria(method: Method, ids: list[str], rule: CopyNumberRule | None, problems: list[Note]) -> None:
    for criterion in method.suitability:
        measure, _, what = criterion.measure.partition(":")
        good = (
            (measure in TARGET_MEASURES + SAMPLE_TARGET_MEASURES and what in ids)
            or (measure in SAMPLE_MEASURES and (not what or measure == "replicate_sd"))
            or (criterion.measure == "positive_vcn" and rule is not None)
        )
        if not good:
            known = ", ".join([f"{m}:TARGET" for m in TARGET_MEASURES + SAMPLE_TARGET_MEASURES] + list(SAMPLE_MEASURES))
            problems.append(
                note(
                    "qpcr.criterion",
                    "{code} judges '{measure}'; known are {known}, positive_vcn.",
                    code=criterion.code,
                    measure=criterion.measure,
                    known=known,
                )
            )
