"""The raw files of a demo batch: simulated instruments with known truth, written in the formats of real ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import typst

from atmpxb.science.simulate.counts import Suspension, vicell_blu
from atmpxb.science.simulate.flow.tube import Composition, simulate_tube
from atmpxb.science.simulate.pcr.plate import PlateDesign, simulate_plate

CYTOMETER, CYCLER, COUNTER = "SIM-FC-0107", "SIM-TC-0042", "SIM-VC-0311"
ZONE = "Europe/Amsterdam"  # of the laboratory that they stand in
REPORTER, ENDOTOXIN = "at.las", "0.12"  # the partner, and what it reports, EU/mL


def clock(at: datetime | None = None) -> datetime:
    """What the clocks of the demo's instruments show, now unless told otherwise: local time without a zone."""
    return (at or datetime.now(UTC)).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None, microsecond=0)


def tubes(
    label: str, seed: int, *, count: int = 4, events: int = 200_000, at: datetime | None = None
) -> Iterator[tuple[str, bytes]]:
    """Stained tubes of one sample, measured at a time: name and FCS bytes."""
    for number in range(count):
        tube = simulate_tube(
            seed + number, events=events, composition=Composition(dead=0.07, car=0.43), sample=label,
            tube=f"stained {number + 1}", serial=CYTOMETER, started=clock(at).isoformat(),
        )  # fmt: skip
        yield f"{label}_stained_{number + 1}.fcs", tube.data


def plate(
    labels: dict[str, float], seed: int, faults: tuple[str, ...] = (), at: datetime | None = None
) -> tuple[str, bytes]:
    """A 96-well plate with these samples and their copies per cell: name and RDML bytes."""
    design = PlateDesign(
        samples=labels, serial=CYCLER, date=clock(at).isoformat(), instrument=f"Simulated cycler 96, SN {CYCLER}"
    )
    data, _ = simulate_plate(seed, design, faults)
    return f"vcn_{'_'.join(labels)}.rdml", data


def counts(label: str, seed: int, at: datetime | None = None) -> tuple[str, bytes]:
    """A counter's export for one sample: name and CSV bytes."""
    measured_at = f"{clock(at):%Y-%m-%d %H:%M:%S}"
    return f"{label}_counts.csv", vicell_blu((Suspension(label, 4.1e6, 92.5),), seed, analysed_at=measured_at)


_PARTNER_PAGE = b"""
#let data = json(bytes(sys.inputs.at("data")))
#set document(title: data.title, date: none)
#set page(paper: "a4", margin: 25mm)
#set text(font: "Libertinus Serif", size: 11pt, lang: "en")
#block(stroke: 1pt, inset: 6pt, width: 100%, [*#data.mark*])
= #data.title
#data.laboratory #linebreak() Report #data.number of #data.date
#v(5mm)
#table(columns: (1fr, 1fr, 1fr), table.header([Test], [Method], [Result]), ..data.rows.flatten())
"""


def report_number(label: str) -> str:
    """The number that the partner gives its report on a sample."""
    return f"R-{label}"


def partner_certificate(
    label: str, laboratory: str = REPORTER, endotoxin: str = ENDOTOXIN, at: datetime | None = None
) -> tuple[str, bytes]:
    """What a partner laboratory sends back for a sample, sterile and with this endotoxin (EU/mL): name and PDF."""
    day = clock(at).date()
    data = {
        "number": report_number(label),
        "date": day.isoformat(),
        "title": f"Test report for sample {label}",
        "laboratory": f"{laboratory} (illustrative)",
        "mark": "ILLUSTRATIVE: made for a demonstration. No laboratory issued this report.",
        "rows": [
            ["Sterility", "Ph. Eur. 2.6.27", "No growth"],
            ["Bacterial endotoxins", "Ph. Eur. 2.6.14", f"{endotoxin} EU/mL"],
        ],
    }
    stamp = datetime(day.year, day.month, day.day, tzinfo=UTC)
    made = typst.Compiler(_PARTNER_PAGE, ignore_system_fonts=True).compile(
        format="pdf", timestamp=stamp, sys_inputs={"data": json.dumps(data)}
    )
    assert isinstance(made, bytes)
    return f"{label}_partner_report.pdf", made


@dataclass(frozen=True, slots=True)
class Measured:
    """One raw file, and the kind of test it belongs to."""

    kind: str
    name: str
    data: bytes


def of_batch(
    labels: dict[str, str], seed: int, *, events: int = 200_000, copies: float = 1.8, faults: tuple[str, ...] = (),
    at: datetime | None = None,
) -> Iterator[Measured]:  # fmt: skip
    """Everything that instruments and the partner give for one batch.

    Args:
        labels: of the samples, by aliquot: ``flow``, ``dna`` and ``micro``.
        seed: equal seeds give equal data.
        events: of each of the four tubes.
        copies: vector copies per cell.
        faults: planted on the plate, as :data:`atmpxb.science.simulate.pcr.FAULTS` names them.
        at: time of measurement; now unless told otherwise.
    """
    for name, data in tubes(labels["flow"], seed, events=events, at=at):
        yield Measured("flow", name, data)
    yield Measured("qpcr", *plate({labels["dna"]: copies}, seed, faults, at))
    yield Measured("cell_count", *counts(labels["flow"], seed, at))
    yield Measured("transcription", *partner_certificate(labels["micro"], at=at))
