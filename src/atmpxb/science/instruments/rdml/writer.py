"""Write RDML 1.3. Equal structures give equal bytes: fixed timestamps, one order, no clock."""

import io
import math
import zipfile
from xml.sax.saxutils import escape, quoteattr

from .container import PART
from .model import Data, Quantity, RdmlFile, React, Run, Sample, Target
from .reader import NAMESPACE


def write(file: RdmlFile) -> bytes:
    """The file as an RDML 1.3 archive. ``unread``, ``parts`` and ``repairs`` are not written."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<rdml xmlns="{NAMESPACE}" version="1.3">']
    lines += _optional("dateMade", file.made) + _optional("dateUpdated", file.updated)
    for identifier in file.identifiers:
        lines.append(
            f"<id><publisher>{escape(identifier.publisher)}</publisher>"
            f"<serialNumber>{escape(identifier.serial)}</serialNumber>"
            + "".join(_optional("MD5Hash", identifier.md5))
            + "</id>"
        )
    for name, text in file.documentation:
        lines.append(f"<documentation id={quoteattr(name)}><text>{escape(text)}</text></documentation>")
    for dye in file.dyes:
        lines.append(f"<dye id={quoteattr(dye.id)}>{''.join(_optional('description', dye.description))}</dye>")
    lines += [_sample(sample) for sample in file.samples]
    lines += [_target(target) for target in file.targets]
    for experiment in file.experiments:
        lines.append(f"<experiment id={quoteattr(experiment.id)}>")
        lines += _optional("description", experiment.description)
        for run in experiment.runs:
            lines += _run(run)
        lines.append("</experiment>")
    lines.append("</rdml>")
    return _archive("\n".join(lines).encode())


def _archive(xml: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        member = zipfile.ZipInfo(PART, date_time=(1980, 1, 1, 0, 0, 0))
        member.compress_type, member.create_system, member.external_attr = (
            zipfile.ZIP_DEFLATED,
            3,
            0o644 << 16,
        )
        archive.writestr(member, xml)
    return stream.getvalue()


def _optional(name: str, text: str) -> list[str]:
    return [f"<{name}>{escape(text)}</{name}>"] if text else []


def _quantity(quantity: Quantity) -> str:
    own = f" targetId={quoteattr(quantity.target)}" if quantity.target else ""
    return f"<quantity{own}><value>{quantity.value!r}</value><unit>{escape(quantity.unit)}</unit></quantity>"


def _sample(sample: Sample) -> str:
    types = "".join(
        f"<type{f' targetId={quoteattr(t.target)}' if t.target else ''}>{escape(t.code)}</type>" for t in sample.types
    )
    description = "".join(_optional("description", sample.description))
    quantities = "".join(_quantity(q) for q in sample.quantities)
    return f"<sample id={quoteattr(sample.id)}>{description}{types}{quantities}</sample>"


def _target(target: Target) -> str:
    description = "".join(_optional("description", target.description))
    dye = f"<dyeId id={quoteattr(target.dye)}/>" if target.dye else ""
    kind = escape(target.type or "toi")
    return f"<target id={quoteattr(target.id)}>{description}<type>{kind}</type>{dye}</target>"


def _run(run: Run) -> list[str]:
    lines = [f"<run id={quoteattr(run.id)}>", *_optional("description", run.description)]
    lines += _optional("instrument", run.instrument)
    if run.software:
        lines.append(
            f"<dataCollectionSoftware><name>{escape(run.software)}</name>"
            f"<version>{escape(run.software_version)}</version></dataCollectionSoftware>"
        )
    lines += _optional("backgroundDeterminationMethod", run.baseline_method)
    lines += _optional("cqDetectionMethod", run.cq_method)
    plate = run.format
    lines.append(
        f"<pcrFormat><rows>{plate.rows}</rows><columns>{plate.columns}</columns>"
        f"<rowLabel>{escape(plate.row_label)}</rowLabel><columnLabel>{escape(plate.column_label)}</columnLabel></pcrFormat>"
    )
    lines += _optional("runDate", run.date)
    lines += [_react(react) for react in run.reacts]
    return [*lines, "</run>"]


def _react(react: React) -> str:
    volume = f"<vol>{react.volume!r}</vol>" if react.volume is not None else ""
    data = "".join(_data(data) for data in react.data)
    return f"<react id={quoteattr(react.id)}><sample id={quoteattr(react.sample)}/>{volume}{data}</react>"


def _data(data: Data) -> str:
    parts = [f"<tar id={quoteattr(data.target)}/>"]
    if data.cq is not None:
        parts.append(f"<cq>{data.cq!r}</cq>")
    if data.excluded is not None:
        parts.append(f"<excl>{escape(data.excluded)}</excl>")
    parts += _optional("note", data.note)
    for cycle, temperature, value in zip(data.cycles, data.temperatures, data.fluorescence, strict=True):
        degrees = "" if math.isnan(temperature) else f"<tmp>{float(temperature)!r}</tmp>"
        parts.append(f"<adp><cyc>{int(cycle)}</cyc>{degrees}<fluor>{float(value)!r}</fluor></adp>")
    for temperature, value in zip(data.melt_temperatures, data.melt_fluorescence, strict=True):
        parts.append(f"<mdp><tmp>{float(temperature)!r}</tmp><fluor>{float(value)!r}</fluor></mdp>")
    return f"<data>{''.join(parts)}</data>"
