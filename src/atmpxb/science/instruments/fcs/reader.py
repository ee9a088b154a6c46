"""Read an FCS data set, versions 2.0 to 3.2, list mode."""

from hashlib import sha256 as _sha256

import numpy as np

from atmpxb.science.instruments.fcs.decode import byte_order, decode
from atmpxb.science.instruments.fcs.segments import (
    HEADER_LENGTH,
    Header,
    locate_data,
    read_header,
    text_segment,
)
from atmpxb.science.instruments.fcs.spillover import read_spillover
from atmpxb.science.instruments.fcs.structure import Channel, FcsError, FcsFile, Repair
from atmpxb.science.instruments.fcs.text import Keywords, decimal_number, parse_text

#: Data sets in one file; a plate of 384 wells is the largest that instruments write.
MOST_DATASETS = 1000


def read(data: bytes | memoryview, dataset: int = 0, *, sha256: str = "") -> FcsFile:
    """Read one data set of an FCS file.

    Args:
        data: the whole file. dataset: which data set, 0 = first.
        sha256: of ``data`` where the caller already knows it; else it is computed.
    Raises:
        FcsError: for any bytes that can't be read faithfully; no other exception, whatever the bytes.
    """
    whole = memoryview(data).cast("B")
    starts, tail = _datasets(whole)
    if not 0 <= dataset < len(starts):
        raise FcsError(
            "fcs.no_such_dataset",
            "The file holds {count} data sets; number {dataset} is not there.",
            count=len(starts),
            dataset=dataset,
        )
    view = whole[starts[dataset] :]
    repairs: list[Repair] = list(tail)
    header, verbatim = _text(view, repairs)
    keywords = Keywords(verbatim)
    channels = _channels(keywords, repairs)
    order = byte_order(keywords.text("$BYTEORD"), {channel.bits for channel in channels})
    row_bits = sum(channel.bits for channel in channels)
    extent = locate_data(view, header, keywords, row_bits, repairs)
    raw = view[extent.begin : extent.begin + -(-extent.events * row_bits // 8)]
    with np.errstate(all="ignore"):  # a signalling NaN in a corrupt float is data, not a fault of ours
        events = decode(raw, channels, order, extent.events)
    spillover, timestep = read_spillover(keywords, channels, repairs), _timestep(keywords, repairs)
    return FcsFile(
        version=header.version.removeprefix("FCS"),
        channels=channels,
        events=events,
        keywords=verbatim,
        spillover=spillover,
        repairs=tuple(repairs),
        sha256=sha256 or _sha256(whole).hexdigest(),
        dataset=dataset,
        datasets=len(starts),
        timestep=timestep,
    )


def _text(view: memoryview, repairs: list[Repair]) -> tuple[Header, dict[str, str]]:
    header = read_header(view, repairs)
    verbatim = parse_text(text_segment(view, header, repairs), repairs)
    keywords = Keywords(verbatim)
    begin, end = keywords.integer("$BEGINSTEXT"), keywords.integer("$ENDSTEXT")
    if begin and end and begin < end and begin != header.text[0]:
        if end >= len(view):
            repairs.append(Repair("stext.outside", "$BEGINSTEXT", f"{begin}–{end}", ""))
        else:
            extra = parse_text(bytes(view[begin : end + 1]), repairs, "STEXT")
            verbatim |= {key: value for key, value in extra.items() if key not in verbatim}
    return header, verbatim


def _datasets(whole: memoryview) -> tuple[list[int], list[Repair]]:
    """Start of each data set; ``$NEXTDATA`` counts from the start of its own data set."""
    starts, ignored = [0], list[Repair]()
    while True:
        view = whole[starts[-1] :]
        try:
            _, verbatim = _text(view, [])
        except FcsError:
            if len(starts) == 1:
                raise
            return starts, ignored  # asked for, this data set explains itself
        text = Keywords(verbatim).text("$NEXTDATA")
        step = Keywords(verbatim).integer("$NEXTDATA")
        if not step:
            if step is None and text is not None:
                ignored.append(Repair("nextdata.unreadable", "$NEXTDATA", text[:40], ""))
            return starts, ignored
        if len(starts) == MOST_DATASETS:
            raise FcsError(
                "fcs.too_many_datasets",
                "The file chains more than {limit} data sets: split it where it was exported.",
                limit=MOST_DATASETS,
            )
        following = starts[-1] + step
        if step < HEADER_LENGTH or bytes(whole[following : following + 3]) != b"FCS":
            ignored.append(Repair("nextdata.not_fcs", "$NEXTDATA", str(step), ""))
            return starts, ignored
        starts.append(following)


def _channels(keywords: Keywords, repairs: list[Repair]) -> tuple[Channel, ...]:
    mode = keywords.text("$MODE")
    if mode is None:
        repairs.append(Repair("mode.absent", "$MODE", "", "L"))
    elif mode.upper() != "L":
        raise FcsError(
            "fcs.mode",
            "$MODE is '{mode}': only list mode (L) holds single events; export as list mode.",
            mode=mode[:20],
        )
    datatype = (keywords.text("$DATATYPE") or "").upper()
    if datatype not in {"I", "F", "D"}:
        raise FcsError(
            "fcs.datatype",
            "$DATATYPE is '{datatype}', not I, F or D: export the file as FCS 3.1.",
            datatype=datatype[:20],
        )
    count = keywords.integer("$PAR")
    if not count:
        raise FcsError("fcs.no_channels", "$PAR does not say how many channels there are: export the file again.")
    channels: list[Channel] = []
    for number in range(1, count + 1):  # ends at the first channel that TEXT does not describe
        channels.append(_channel(keywords, number, datatype, repairs))
    names = [channel.name for channel in channels]
    if twice := sorted({name for name in names if names.count(name) > 1} if len(names) < 5000 else set()):
        repairs.append(Repair("name.twice", "$PnN", ", ".join(twice[:8]), ""))
    return tuple(channels)


def _channel(keywords: Keywords, number: int, datatype: str, repairs: list[Repair]) -> Channel:
    own = (keywords.text(f"$P{number}DATATYPE") or datatype).upper()
    if own not in {"I", "F", "D"}:
        raise FcsError(
            "fcs.datatype",
            "$P{number}DATATYPE is '{type}', not I, F or D: export the file again.",
            number=number,
            type=own[:20],
        )
    bits = keywords.integer(f"$P{number}B")
    if not bits or (own == "I" and bits > 64):
        stated = keywords.text(f"$P{number}B")
        raise FcsError(
            "fcs.bits",
            "$P{number}B is '{bits}', not 1 to 64 bits: export the file again.",
            number=number,
            bits=(stated or "")[:20],
        )
    width = {"F": 32, "D": 64}.get(own, bits)
    if bits != width:
        repairs.append(Repair("bits.of_float", f"$P{number}B", str(bits), str(width)))
    name = keywords.text(f"$P{number}N")
    if name is None:
        repairs.append(Repair("name.absent", f"$P{number}N", "", f"P{number}"))
    reach = keywords.number(f"$P{number}R")
    if reach is None:
        if own == "I":
            raise FcsError(
                "fcs.range",
                "$P{number}R is missing: without it the bit mask is unknown; export again.",
                number=number,
            )
        repairs.append(Repair("range.unreadable", f"$P{number}R", keywords.text(f"$P{number}R") or "", ""))
    decades, offset = _amplification(keywords, number, own, repairs)
    return Channel(
        name=name or f"P{number}",
        stain=keywords.text(f"$P{number}S") or "",
        bits=width,
        range=reach,
        gain=_gain(keywords, number, repairs),
        decades=decades,
        offset=offset,
        datatype=own,
    )


def _amplification(keywords: Keywords, number: int, datatype: str, repairs: list[Repair]) -> tuple[float, float]:
    where = f"$P{number}E"
    text = keywords.text(where)
    if text is None:
        if datatype == "I":
            repairs.append(Repair("amplification.absent", where, "", "0,0"))
        return 0.0, 0.0
    parts = [decimal_number(part.strip()) for part in text.split(",")]
    decades, offset = parts if len(parts) == 2 else (None, None)
    if decades is None or offset is None or decades < 0 or offset < 0 or decades > 300:
        repairs.append(Repair("amplification.unreadable", where, text[:40], "0,0"))
        return 0.0, 0.0
    if decades > 0 and datatype != "I":
        repairs.append(Repair("amplification.of_float", where, text, "0,0"))
        return 0.0, 0.0
    if decades > 0 and offset == 0:
        # FCS 3.1, $PnE: writers put 0 here although log needs a positive value; 1 is meant
        repairs.append(Repair("amplification.zero_offset", where, text, f"{decades:g},1"))
        return decades, 1.0
    return decades, offset


def _gain(keywords: Keywords, number: int, repairs: list[Repair]) -> float:
    where = f"$P{number}G"
    text = keywords.text(where)
    if text is None:
        return 1.0
    gain = decimal_number(text)
    if gain is None or gain <= 0:
        if gain != 0 and text.upper() not in {"NA", "N/A"}:
            repairs.append(Repair("gain.unreadable", where, text[:40], "1"))
        elif gain == 0:
            repairs.append(Repair("gain.zero", where, text[:40], "1"))
        return 1.0
    return gain


def _timestep(keywords: Keywords, repairs: list[Repair]) -> float | None:
    text = keywords.text("$TIMESTEP")
    if text is None:
        return None
    step = decimal_number(text)
    if step is None or step <= 0:
        repairs.append(Repair("timestep.unreadable", "$TIMESTEP", text[:40], ""))
        return None
    return step
