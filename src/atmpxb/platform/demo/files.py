"""The raw files of a demo batch: simulated instruments with known truth, written in the formats of real ones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import typst

from atmpxb.science.simulate.counts import Suspension, vicell_blu
from atmpxb.science.simulate.flow.tube import Composition, simulate_tube
from atmpxb.science.simulate.pcr.plate import PlateDesign, simulate_plate

CYTOMETER, CYCLER, COUNTER = "SIM-FC-0107", "SIM-TC-0042", "SIM-VC-0311"


def tubes(label: str, seed: int, *, count: int = 4, events: int = 200_000) -> Iterator[tuple[str, bytes]]:
    """Stained tubes of one sample: name and FCS bytes."""
    for number in range(count):
        tube = simulate_tube(
            seed + number, events=events, composition=Composition(dead=0.07, car=0.43), sample=label,
            tube=f"stained {number + 1}", serial=CYTOMETER, started="2026-11-20T09:15:00",
        )  # fmt: skip
        yield f"{label}_stained_{number + 1}.fcs", tube.data


def plate(labels: dict[str, float], seed: int, faults: tuple[str, ...] = ()) -> tuple[str, bytes]:
    """A 96-well plate with these samples and their copies per cell: name and RDML bytes."""
    design = PlateDesign(
        samples=labels, serial=CYCLER, date="2026-11-20T11:30:00", instrument=f"Simulated cycler 96, SN {CYCLER}"
    )
    data, _ = simulate_plate(seed, design, faults)
    return f"vcn_{'_'.join(labels)}.rdml", data


def counts(label: str, seed: int) -> tuple[str, bytes]:
    """A counter's export for one sample: name and CSV bytes."""
    return f"{label}_counts.csv", vicell_blu((Suspension(label, 4.1e6, 92.5),), seed)


_PARTNER_PAGE = b"""
#let data = json(bytes(sys.inputs.at("data")))
#set document(title: data.title, date: none)
#set page(paper: "a4", margin: 25mm)
#set text(font: "Libertinus Serif", size: 11pt, lang: "en")
#block(stroke: 1pt, inset: 6pt, width: 100%, [*#data.mark*])
= #data.title
#data.laboratory
#v(5mm)
#table(columns: (1fr, 1fr, 1fr), table.header([Test], [Method], [Result]), ..data.rows.flatten())
"""


def partner_certificate(label: str, laboratory: str, endotoxin: str) -> tuple[str, bytes]:
    """What a partner laboratory sends back for a sample, sterile and with this endotoxin (EU/mL): name and PDF."""
    data = {
        "title": f"Test report for sample {label}",
        "laboratory": f"{laboratory} (illustrative)",
        "mark": "ILLUSTRATIVE: made for a demonstration. No laboratory issued this report.",
        "rows": [
            ["Sterility", "Ph. Eur. 2.6.27", "No growth"],
            ["Bacterial endotoxins", "Ph. Eur. 2.6.14", f"{endotoxin} EU/mL"],
        ],
    }
    made = typst.Compiler(_PARTNER_PAGE, ignore_system_fonts=True).compile(
        format="pdf", timestamp=datetime(2026, 11, 20, tzinfo=UTC), sys_inputs={"data": json.dumps(data)}
    )
    assert isinstance(made, bytes)
    return f"{label}_partner_report.pdf", made
