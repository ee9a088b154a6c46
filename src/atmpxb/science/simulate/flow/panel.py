"""The panel of a simulated CAR-T tube: channels, spillover, and how bright each kind of event is in each."""

from atmpxb.science.instruments.fcs import Channel, SpilloverMatrix

TOP = 262144.0
#: Fluorescence channels: ``$PnN`` and what they stain.
COLOURS = (
    ("FITC-A", "CD4"),
    ("PE-A", "CAR"),
    ("PerCP-Cy5-5-A", "7-AAD"),
    ("PE-Cy7-A", "CD8"),
    ("APC-A", "CD34"),
    ("APC-H7-A", "CD45"),
    ("BV421-A", "CD3"),
    ("BV510-A", "CD19"),
)
CHANNELS = (
    Channel("Time", range=TOP),
    Channel("FSC-A", range=TOP),
    Channel("FSC-H", range=TOP),
    Channel("SSC-A", range=TOP),
    *(Channel(name, stain, range=TOP) for name, stain in COLOURS),
)

#: Part of each dye's light in its neighbours, of the size seen on three-laser instruments.
_SPILL = {
    ("FITC-A", "PE-A"): 0.15,
    ("FITC-A", "BV510-A"): 0.01,
    ("PE-A", "FITC-A"): 0.012,
    ("PE-A", "PerCP-Cy5-5-A"): 0.11,
    ("PE-A", "PE-Cy7-A"): 0.02,
    ("PerCP-Cy5-5-A", "PE-Cy7-A"): 0.2,
    ("PerCP-Cy5-5-A", "APC-A"): 0.03,
    ("PE-Cy7-A", "APC-H7-A"): 0.04,
    ("APC-A", "APC-H7-A"): 0.08,
    ("APC-H7-A", "APC-A"): 0.015,
    ("BV421-A", "BV510-A"): 0.12,
    ("BV510-A", "FITC-A"): 0.02,
}
SPILLOVER = SpilloverMatrix(
    tuple(name for name, _ in COLOURS),
    tuple(
        tuple(1.0 if dye == detector else _SPILL.get((dye, detector), 0.0) for detector, _ in COLOURS)
        for dye, _ in COLOURS
    ),
    source="$SPILLOVER",
)

#: Kinds of event, in the order of the labels.
KINDS = ("debris", "doublet", "dead", "cd4_car", "cd4", "cd8_car", "cd8", "nk", "b")

#: Stains that each kind carries; all others are at background.
STAINS = {
    "debris": (),
    "doublet": ("CD3", "CD45", "CD4"),
    "dead": ("7-AAD", "CD45", "CD3"),
    "cd4_car": ("CD3", "CD45", "CD4", "CAR"),
    "cd4": ("CD3", "CD45", "CD4"),
    "cd8_car": ("CD3", "CD45", "CD8", "CAR"),
    "cd8": ("CD3", "CD45", "CD8"),
    "nk": ("CD45",),
    "b": ("CD45", "CD19"),
}

#: Median and spread of a stained signal, log10 of instrument units.
BRIGHT = {
    "CD3": (4.35, 0.12),
    "CD45": (4.45, 0.12),
    "CD4": (4.3, 0.12),
    "CD8": (4.5, 0.14),
    "CAR": (4.25, 0.16),
    "7-AAD": (4.4, 0.14),
    "CD19": (4.3, 0.12),
}
#: The same for background: autofluorescence.
DIM = (2.0, 0.18)
