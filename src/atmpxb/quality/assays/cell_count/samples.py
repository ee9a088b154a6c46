"""From rows of exports to samples with replicates, and from replicates to what a method reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from atmpxb.notes import Fact, note
from atmpxb.quality.assays.cell_count.parameters import Parameters
from atmpxb.quality.assays.seam import AssayError, Exclusion, RawFile
from atmpxb.science.cells.counts import Estimate, diluted, poisson_interval, viability
from atmpxb.science.cells.replicates import combine, dispersion_p, mean_interval, relative_range
from atmpxb.science.instruments.counters import CellCount, CounterExport


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement and the file it stands in."""

    file: str
    count: CellCount

    @property
    def place(self) -> Fact:
        """Where it stands: the file, and the line of it."""
        return place_of(self.file, self.count)


def place_of(file: str, count: CellCount) -> Fact:
    """A measurement by its file and line."""
    return note("count.row", "{file}, {where}", file=file, where=count.where) if count.where else file


def grouped(
    exports: Sequence[tuple[RawFile, CounterExport]], chosen: Parameters
) -> tuple[dict[str, list[Row]], tuple[Exclusion, ...]]:
    """Sample label → its replicates, in file order; and the rows of other samples, left out.

    Raises:
        AssayError: ``count.sample_missing`` where a file attached for a sample holds other samples only,
            ``count.sample_unnamed`` where a row or a file names none.
    """
    found: dict[str, list[Row]] = {}
    left_out: list[Exclusion] = []
    for file, export in exports:
        samples = [_sample(count, file, chosen) for count in export.counts]
        if file.sample and file.sample not in samples:
            names = ", ".join(dict.fromkeys(samples))
            raise AssayError(
                "count.sample_missing",
                "{file} was attached for sample {sample} and holds {found}: attach it to the run of those "
                "samples, or correct the label.",
                file=file.name,
                sample=file.sample,
                found=names,
            )
        for sample, count in zip(samples, export.counts, strict=True):
            if file.sample and sample != file.sample:
                what = note(
                    "count.measurement",
                    "{place}: {sample}",
                    place=place_of(file.name, count),
                    sample=count.sample,
                )
                left_out.append(Exclusion(what, note("count.other_sample", "another sample")))
            else:
                found.setdefault(sample, []).append(Row(file.name, count))
    return found, tuple(left_out)


def _sample(count: CellCount, file: RawFile, chosen: Parameters) -> str:
    sample = file.sample if chosen.sample_from == "file" else count.sample
    if not sample:
        raise AssayError(
            "count.sample_unnamed",
            "{place} names no sample; attach the file under a sample label.",
            place=place_of(file.name, count),
        )
    mark = chosen.replicate_separator
    if chosen.sample_from == "export" and mark:
        head, found, tail = sample.rpartition(mark)
        if found and head and tail.isascii() and tail.isdigit():
            return head
    return sample


@dataclass(frozen=True, slots=True)
class Counted:
    """A sample's replicates as numbers. ``factor``: dilution made before the counter."""

    rows: tuple[Row, ...]
    factor: float
    confidence: float

    def numbers(self, measure: str) -> list[float]:
        """The measure of each replicate that has it; concentrations before dilution, cells/mL."""
        if measure == "viability":
            return [share for row in self.rows if (share := _viability(row.count)) is not None]
        if measure == "diameter":
            return [float(row.count.diameter_um) for row in self.rows if row.count.diameter_um is not None]
        field = {"viable_concentration": "viable_per_ml", "total_concentration": "total_per_ml"}[measure]
        stated: list[Decimal | None] = [getattr(row.count, field) for row in self.rows]
        return [diluted(float(value), self.factor) for value in stated if value is not None]

    def seen(self, viable: bool = False) -> list[int] | None:
        """Cells counted a replicate; None where the counter withholds one of them."""
        counts = [row.count.viable_count if viable else row.count.total_count for row in self.rows]
        known = [count for count in counts if count is not None]
        return known if len(known) == len(counts) else None

    def estimate(self, measure: str) -> Estimate | None:
        """The measure of the sample, with an interval where the data give one; None without any number.

        Viability pools the cells of all replicates where the counter says how many there were. A
        concentration is the mean of the replicates; its interval comes from their spread, or from a single
        Poisson count.
        """
        viable, total = self.seen(True), self.seen()
        if measure == "viability" and total is not None and viable is not None:
            return viability(sum(viable), sum(total), self.confidence) if sum(total) else None
        values = self.numbers(measure)
        if not values:
            return None
        if len(values) > 1:
            found = mean_interval(values, self.confidence)
            if found.low is None or found.high is None:
                return found
            top = 100.0 if measure == "viability" else float("inf")
            return Estimate(found.value, max(found.low, 0.0), min(found.high, top), found.method)
        cells = viable if measure == "viable_concentration" else total
        if measure.endswith("_concentration") and cells and cells[0]:
            low, high = poisson_interval(cells[0], self.confidence)
            return Estimate(values[0], values[0] * low / cells[0], values[0] * high / cells[0], "Poisson (Garwood)")
        return Estimate(values[0])

    def measures(self) -> dict[str, float | int | None]:
        """Everything that a criterion may judge (`parameters.CRITERIA`)."""
        total = self.seen()
        images = _known([row.count.images for row in self.rows])
        found: dict[str, float | int | None] = {
            "replicates": len(self.numbers("viable_concentration")),
            "cells_counted": min(total) if total else None,
            "images": min(images) if images else None,
            "bubbles": max(_known([row.count.bubbles for row in self.rows]) or [], default=None),
            "clusters": max(_known([row.count.clusters for row in self.rows]) or [], default=None),
            "range:viable_concentration": relative_range(self.numbers("viable_concentration")),
            "dispersion_p": dispersion_p(total, images) if total and images and min(images) > 0 else None,
        }
        for measure in ("viability", "viable_concentration", "total_concentration"):
            values, estimate = self.numbers(measure), self.estimate(measure)
            found[measure] = estimate.value if estimate else None
            found[f"cv:{measure}"] = combine(values).cv_percent if values else None
        return found


def _viability(count: CellCount) -> float | None:
    """From the cells themselves where both counts are there: the stated percentage is already rounded."""
    if count.total_count is not None and count.viable_count is not None:
        return 100 * count.viable_count / count.total_count if count.total_count else None
    return None if count.viability is None else float(count.viability)


def _known(values: list[int | None]) -> list[int] | None:
    """The numbers, or None where one is absent."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None
