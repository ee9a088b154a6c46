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

from atmpxb.notes import note
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Plot, RawFile
from atmpxb.quality.certificate import record as records
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.record import Certificate, draft_sha256, record_sha256
from atmpxb.quality.certificate.render import render
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.limits import judge, parse_specification
from atmpxb.quality.proof.inclusion import build_proof
from atmpxb.quality.proof.manifests import manifest_file
from atmpxb.records.ledger.canonical import canonical
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
COUNTING, LOOKING = (
    (EXAMPLES / name).read_bytes() for name in ("cell-count-triplicate.toml", "appearance.toml")
)
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
    manifest: bytes = b""


def case(
    *, kind: str = "final", language: str = "en", batch: str = HOSTILE_BATCH, viability: float = 93.0
) -> Case:
    """The record as an honest laboratory fills it: every value from an analysis, every verdict judged."""
    export = vicell_blu((Suspension("S1", 1.4e6, viability),), seed=11)
    raw = {sha256(export).hexdigest(): export}
    counted, plots = _analysis("R-1", COUNTING, raw, {"dilution": {"S1": "1"}, "volume_ml": {"S1": "50"}})
    looked, _ = _analysis("R-2", LOOKING, {}, {"appearance": {"S1": "opaque_free"}})
    lines = [_line(line, [counted, looked], kind) for line in parse_specification(SPECIFICATION).lines]
    outcome = {result.verdict for line in lines for result in line.results}
    reached = (
        "undetermined"
        if kind == "interim"
        else "does_not_comply"
        if "does_not_comply" in outcome
        else "complies"
    )
    approval = records.SignatureRecord(
        "QP role, illustrative", "Qualified person", "Laboratory", MEANINGS["approved"], "",
        "2026-11-20T11:59:30Z", "ab" * 32,
    )  # fmt: skip
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
        conclusion=records.Conclusion(reached, {"en": "As tested.", "nl": "Zoals getest."}),  # type: ignore[arg-type]
        deviations=(DEVIATION,),
        deviations_on_file=2,
        subcontracted=(),
        signatures=(approval,),
        verification_url="https://example.org/verify/abc",
    )
    return signed(Case(certificate, raw, {"R-1": plots}))


def signed(made: Case) -> Case:
    """The case with the approver's manifest over its draft, as the record then names it."""
    (signature,) = made.certificate.signatures
    content = {"kind": made.certificate.kind, "draft": draft_sha256(made.certificate)}
    manifest = canonical(
        {
            "schema": "atmpxb.manifest/1", "organisation": str(LABORATORY), "meaning": "approved",
            "signer": {"name": signature.name, "function": signature.function}, "at": signature.at,
            "content": content, "content_sha256": sha256(canonical(content)).hexdigest(),
        }
    )  # fmt: skip
    named = replace(signature, manifest_sha256=sha256(manifest).hexdigest())
    return replace(made, certificate=replace(made.certificate, signatures=(named,)), manifest=manifest)


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
        id, reference, kind.recomputable, files, bench, "atmpxb test", found.values, found.checks, found.exclusions,
        found.repairs, found.warnings,
    ), found.plots  # fmt: skip


def _line(line, analyses, kind: str) -> records.TestLine:
    analysis = next(one for one in analyses if one.method.code == line.method)
    pending = kind == "interim" and line.code == "appearance"
    text = line.limit.text(line.unit)
    results = []
    for value in analysis.values:
        if value.code == line.reportable and not pending:
            judged = judge(value.value, value.interval, line)
            results.append(
                records.Result(
                    value.sample, value.code, value.value, judged.reported or None, value.unit, value.interval,
                    str(judged.outcome), judged.why, {},  # type: ignore[arg-type]
                )
            )  # fmt: skip
    return records.TestLine(
        line.code, line.title, line.method, analysis.method.version, line.reference, None if pending else analysis.id,
        "Laboratory of the test", False, None if pending else MEASURED, None if pending else "2026-11-20T09:31:00Z",
        records.Limit({"en": text, "nl": text.replace(".", ",")}, plain(line.limit)), plain(line.rounding),
        line.informative, "pending" if pending else "approved", "2026-11-22T12:00:00Z" if pending else None, "",
        tuple(results),
    )  # fmt: skip


#: The reason holds a word that is wider than its column, and than the page.
DEVIATION = records.Deviation(
    "hold", {"en": "S1", "nl": "S1"}, note("deviation.hold", "Sample {what} was put on hold", what="S1"), "x" * 150,
    (note("deviation.lifted", "lifted: '{why}'", why="material is short"),), "2026-11-20T07:20:00Z",
)  # fmt: skip
MEASURED = records.Measured(
    "instrument", "2026-11-20T09:30:00Z", "2026-11-20T09:30:00Z", False, 0, "", None, "2026-11-20T09:30:30Z"
)


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
        "facts": {"record_sha256": record_sha256(certificate.bytes())},
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
    sealing = client.sign_manifest(LABORATORY, made.manifest)
    manifests = {
        sha256(made.manifest).hexdigest(): manifest_file(made.manifest, sealing.key_id, sealing.signature)
    }
    return render(
        made.certificate, proof=proven, methods=methods, specification=SPECIFICATION, manifests=manifests,
        plots=made.plots,
    )  # fmt: skip


def sealed(made: Case, client: SigningClient) -> bytes:
    """The finished certificate."""
    pdf = pages(made, proof(made.certificate, client), client)
    return seal(pdf, LABORATORY, record_sha256(made.certificate.bytes()), client, NOON)


def trust_list(client: SigningClient) -> bytes:
    """What the laboratory publishes."""
    return trust.build([client.identity(LABORATORY)], NOON)


def changed(made: Case, **fields: object) -> Case:
    """The same case with fields of the certificate replaced."""
    return signed(replace(made, certificate=replace(made.certificate, **fields)))  # type: ignore[arg-type]
