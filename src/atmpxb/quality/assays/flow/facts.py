"""What an FCS file says of itself: instrument, samples, time, and whether it seems to name a patient."""

from atmpxb.quality.assays.seam import FileFacts
from atmpxb.science.instruments.fcs import FcsFile, personal_places

SERIALS = ("$CYTSN", "CYTNUM", "@CYTOMETERID", "CYTOMETER ID")
SAMPLES = (
    "$SMNO",
    "SAMPLE ID",
    "SAMPLEID",
    "SAMPLE_NAME",
    "@SAMPLEID1",
    "@SAMPLEID2",
    "TUBE NAME",
    "TUBENAME",
    "TUBE_NAME",
)
RUNS = ("EXPERIMENT NAME", "EXPERIMENT_NAME", "$PLATENAME", "PLATE NAME", "$RUNNUMBER", "GUID")


def facts_of(file: FcsFile) -> FileFacts:
    """Facts in the order of the file; all text verbatim."""
    begin, end = file.keyword("$BTIM").strip(), file.keyword("$ETIM").strip()
    date = file.keyword("$DATE").strip()
    return FileFacts(
        format="fcs",
        instrument_serial=_first(file, SERIALS),
        instrument_model=file.keyword("$CYT").strip(),
        acquired_at=file.keyword("$BEGINDATETIME").strip() or f"{date} {begin}".strip(),
        samples=tuple(dict.fromkeys(value for key in SAMPLES if _said(value := file.keyword(key).strip()))),
        run=_first(file, RUNS),
        personal=personal_places(file),
        summary={
            "version": f"FCS {file.version}",
            "events": str(len(file.events)),
            "channels": ", ".join(channel.label for channel in file.channels),
            "data_sets": str(file.datasets),
            "ended": end,
            "spillover": file.spillover.source if file.spillover else "",
            "repairs": str(len(file.repairs)),
        },
    )


def _first(file: FcsFile, names: tuple[str, ...]) -> str:
    return next((value for name in names if _said(value := file.keyword(name).strip())), "")


def _said(value: str) -> bool:
    return value.upper() not in {"", "NA", "N/A", "NONE", "UNKNOWN", "-", "-1"}
