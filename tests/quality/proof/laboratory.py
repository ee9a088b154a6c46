"""A laboratory in memory: one batch counted in triplicate and looked at, certified with a real signing
process.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from atmpxb.platform import voices
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Plot, RawFile
from atmpxb.quality.certificate import derived
from atmpxb.quality.certificate import record as records
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.record import Certificate, draft_sha256, record_sha256
from atmpxb.quality.certificate.render import render
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.engine import ENGINE
from atmpxb.quality.limits import judge, parse_specification
from atmpxb.quality.proof.inclusion import build_proof
from atmpxb.quality.proof.manifests import manifest_file
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.ledger.chain import Link, entry_hash, genesis
from atmpxb.records.ledger.checkpoint import checkpoint
from atmpxb.records.signatures import trust
from atmpxb.records.signatures.keys import Keyring
from atmpxb.records.signatures.seal import seal
from atmpxb.records.signatures.signing import SigningClient, SigningProcess, keys_folder, socket_path
from atmpxb.science.simulate.counts import Suspension, vicell_blu

LABORATORY, CLIENT = UUID(int=0x0A), UUID(int=0x0B)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "examples" / "counts"
COUNTING, LOOKING = ((EXAMPLES / name).read_bytes() for name in ("cell-count-triplicate.toml", "appearance.toml"))
HOSTILE_BATCH = "B-7 *bold* #panic() $x$ `raw` <label> @ref \\ 中\u202e"

SPECIFICATION = b"""\
schema = "atmpxb.specification/1"
code = "SP-CART-01"
product = "CART-01"
version = "2"
title = { en = "CAR-T cells", nl = "CAR-T-cellen" }
[[tests]]
code = "viability"
title = { en = "Viability", nl = "Viabiliteit" }
method = "CC-003"
reportable = "viability"
unit = "%"
limit = { low = "80.0" }
reference = "Ph. Eur. 2.7.29"
[[tests]]
code = "concentration"
title = { en = "Viable cells", nl = "Levende cellen" }
method = "CC-003"
reportable = "viable_concentration"
unit = "10^6 cells/mL"
limit = { low = "0.50", high = "5.00" }
[[tests]]
code = "appearance"
title = { en = "Appearance", nl = "Uitzicht" }
method = "OB-001"
reportable = "appearance"
limit = { words = ["opaque_free"] }
"""


@dataclass(frozen=True)
class Case:
    """A certificate record with everything that it rests on."""

    certificate: Certificate
    raw: Mapping[str, bytes]
    plots: Mapping[str, tuple[Plot, ...]]
    manifests: tuple[bytes, ...] = ()


def case(*, kind: str = "final", language: str = "en", batch: str = HOSTILE_BATCH, viability: float = 93.0) -> Case:
    """The record as an honest laboratory fills it: every value from an analysis, every verdict judged."""
    export = vicell_blu((Suspension("S1", 1.4e6, viability),), seed=11)
    raw = {sha256(export).hexdigest(): export}
    counted, plots = _analysis("R-1", COUNTING, raw, {"dilution": {"S1": "1"}, "volume_ml": {"S1": "50"}})
    looked, _ = _analysis("R-2", LOOKING, {}, {"appearance": {"S1": "opaque_free"}})
    lines = [_line(line, [counted, looked], kind) for line in parse_specification(SPECIFICATION).lines]
    certificate = Certificate(
        schema="atmpxb.certificate/1",
        kind=kind,  # type: ignore[arg-type]
        language=language,  # type: ignore[arg-type]
        number="C-2026-0001",
        version=1,
        replaces=None,
        illustrative=True,
        issued_at="2026-11-20T12:00:00Z",
        issued_by=_organisation(LABORATORY, "Laboratory of the test"),
        requested_by=_organisation(CLIENT, "Client of the test"),
        product=records.Product("CART-01", "CAR-T cells", "Dispersion for infusion"),
        batch=records.Batch(
            batch, "Client of the test", "2026-11-19T08:00:00Z", "2026-11-21T08:00:00Z", "Europe/Brussels"
        ),
        samples=(
            records.Sample("S1", {"en": "Cells", "nl": "Cellen"}, "2026-11-20T07:15:00Z", "intact", "4.1", "800"),
        ),
        specification=records.SpecificationReference("SP-CART-01", "2", sha256(SPECIFICATION).hexdigest()),
        analyses=(counted,) if kind == "interim" else (counted, looked),
        tests=tuple(lines),
        conclusion=derived.conclusion(kind, lines),
        deviations=(),
        subcontracted=(),
        signatures=(),
        verification_url="https://example.org/verify/abc",
    )
    return signed(Case(certificate, raw, {"R-1": plots}))


#: Meaning → who signs it: identifier, name, function, minutes before noon.
PEOPLE = {
    "performed": (str(UUID(int=1)), "Analyst role, illustrative", "Analyst", 60),
    "reviewed": (str(UUID(int=2)), "Reviewer role, illustrative", "Reviewer", 30),
    "approved": (str(UUID(int=3)), "QP role, illustrative", "Qualified person", 0.5),
}


def signed(made: Case, people: Mapping[str, tuple[str, str, str, float]] = PEOPLE) -> Case:
    """The case as these people sign it: each run performed and reviewed, then the draft approved."""
    certificate = made.certificate
    wanted = [(m, one) for one in certificate.analyses for m in ("performed", "reviewed") if m in people]
    wanted += [("approved", None)] if "approved" in people else []
    signatures, manifests = [], []
    for meaning, analysis in sorted(wanted, key=lambda pair: -people[pair[0]][3]):
        person, name, function, minutes = people[meaning]
        content = _run_content(certificate, analysis) if analysis else {"draft": draft_sha256(certificate)}
        at = utc_text(NOON - timedelta(minutes=minutes))
        manifest = canonical(
            {
                "schema": "atmpxb.manifest/1", "organisation": str(LABORATORY), "meaning": meaning,
                "signer": {"person": person, "name": name, "function": function}, "at": at,
                "content": content, "content_sha256": sha256(canonical(content)).hexdigest(),
            }
        )  # fmt: skip
        manifests.append(manifest)
        signatures.append(
            records.SignatureRecord(
                name,
                function,
                certificate.issued_by.name,
                MEANINGS[meaning],
                analysis.id if analysis else "",
                at,
                sha256(manifest).hexdigest(),
            )
        )
    named = replace(certificate, signatures=tuple(signatures))
    return replace(made, certificate=named, manifests=tuple(manifests))


def _run_content(certificate: Certificate, analysis: records.AnalysisRecord) -> dict[str, object]:
    """What a signature on a run binds, as the laboratory's actions put it together."""
    files = [{"sha256": f.sha256, "name": f.name, "role": f.role, "sample": f.sample} for f in analysis.files]
    return {
        "run": analysis.id,
        "method": {"code": analysis.method.code, "sha256": analysis.method.sha256},
        "inputs": {"files": files, "bench": analysis.bench},
        "engine": analysis.engine,
        "results": [
            {
                "line": line.code, "sample": result.sample, "value": result.value, "reported": result.reported or "",
                "unit": result.unit, "verdict": result.verdict,
            }
            for line in certificate.tests
            for result in (line.results if line.analysis == analysis.id else ())
        ],
    }  # fmt: skip


def _organisation(id: UUID, name: str) -> records.Organisation:
    return records.Organisation(str(id), name, "Street 1, Town", "BE", "Europe/Brussels")


def _analysis(
    id: str, source: bytes, raw: Mapping[str, bytes], bench: Mapping[str, object]
) -> tuple[records.AnalysisRecord, tuple[Plot, ...]]:
    method = parse(source)
    kind = registry.kind(method.kind)
    inputs = [RawFile("export.csv", "counts", content, digest, "") for digest, content in raw.items()]
    found = kind.analyse(method, inputs, bench)
    files = tuple(
        records.FileReference(file.sha256, file.name, file.role, file.sample, len(file.data), "vicell_blu")
        for file in inputs
    )
    reference = records.MethodReference(
        method.code, method.version, method.kind, method.sha256, method.title, method.reference
    )
    return records.AnalysisRecord(
        id, reference, kind.recomputable, files, bench, ENGINE, found.values, found.checks, found.exclusions,
        found.repairs, found.warnings, tuple(map(records.Figure.of, found.plots)),
    ), found.plots  # fmt: skip


def _line(line, analyses, kind: str) -> records.TestLine:
    analysis = next(one for one in analyses if one.method.code == line.method)
    pending = kind == "interim" and line.code == "appearance"
    known = derived.choices(parse(COUNTING if line.method == "CC-003" else LOOKING), line)
    results = []
    for value in analysis.values:
        if value.code == line.reportable and not pending:
            judged = judge(value.value, value.interval, line)
            results.append(
                records.Result(
                    value.sample, value.code, value.value, judged.reported or None, value.unit, value.interval,
                    str(judged.outcome), value.why or judged.why,  # type: ignore[arg-type]
                    derived.shown(value.value, known),
                )
            )  # fmt: skip
    return records.TestLine(
        line.code, line.title, line.method, analysis.method.version, analysis.method.sha256, line.reference,
        None if pending else analysis.id, "Laboratory of the test", False, None if pending else "2026-11-20T09:30:00Z",
        records.Limit(derived.limit_words(line, known), plain(line.limit)), plain(line.rounding),
        line.informative, "pending" if pending else "approved", "2026-11-22T12:00:00Z" if pending else None, "",
        tuple(results),
    )  # fmt: skip


@contextmanager
def signing(home: Path) -> Iterator[SigningClient]:
    """A signing process over real keys, in a thread."""
    process = SigningProcess(Keyring(keys_folder(home), clock=lambda: NOON - timedelta(hours=1)), socket_path(home))
    thread = threading.Thread(target=process.serve)
    thread.start()
    try:
        client = SigningClient(socket_path(home))
        client.enrol(LABORATORY, "Laboratory of the test", demo=True)
        yield client
    finally:
        process.close()
        thread.join()


def chain(certificate: Certificate, *, before: int = 5, after: int = 3) -> list[Link]:
    """The laboratory's chain with the approval of this certificate among other entries."""
    approval = {
        "event": "certificate.approved",
        "organisation": str(LABORATORY),
        "at": certificate.issued_at,
        "facts": {
            "record_sha256": record_sha256(certificate.bytes()),
            "number": certificate.number,
            "version": certificate.version,
        },
    }
    payloads = [canonical({"n": n}) for n in range(before)] + [canonical(approval)] + [b"{}"] * after
    links: list[Link] = []
    prev = genesis(LABORATORY)
    for seq, payload in enumerate(payloads, 1):
        links.append(Link(seq, payload, prev, entry_hash(prev, seq, payload)))
        prev = links[-1].hash
    return links


def proof(certificate: Certificate, client: SigningClient) -> bytes:
    """``proof.json`` for the approval of this certificate."""
    links = chain(certificate)
    hashes = [link.hash for link in links]
    payload = checkpoint(LABORATORY, hashes, NOON).payload()
    signed = client.sign_checkpoint(LABORATORY, payload)
    return build_proof(LABORATORY, links[5], hashes, payload, signed.key_id, signed.signature)


def pages(made: Case, proven: bytes, client: SigningClient) -> bytes:
    """The unsealed document."""
    methods = {sha256(source).hexdigest(): source for source in (COUNTING, LOOKING)}
    manifests = {}
    for manifest in made.manifests:
        sealing = client.sign_manifest(LABORATORY, manifest)
        manifests[sha256(manifest).hexdigest()] = manifest_file(manifest, sealing.key_id, sealing.signature)
    return render(
        made.certificate, proof=proven, methods=methods, specification=SPECIFICATION, manifests=manifests,
        plots=made.plots, voices=voices.voice,
    )  # fmt: skip


def sealed(made: Case, client: SigningClient) -> bytes:
    """The finished certificate."""
    return sealed_pages(pages(made, proof(made.certificate, client), client), made, client)


def sealed_pages(pages: bytes, made: Case, client: SigningClient, at: datetime = NOON) -> bytes:
    """These pages under the seal of the laboratory, as those of this record."""
    return seal(pages, LABORATORY, record_sha256(made.certificate.bytes()), client, at)


def trust_list(client: SigningClient) -> bytes:
    """What the laboratory publishes."""
    return trust.build([client.identity(LABORATORY)], {LABORATORY: trust.Seat("Street 1, Town", "BE")}, NOON)


def changed(made: Case, **fields: object) -> Case:
    """The same case with fields of the certificate replaced."""
    return signed(replace(made, certificate=replace(made.certificate, **fields)))  # type: ignore[arg-type]
