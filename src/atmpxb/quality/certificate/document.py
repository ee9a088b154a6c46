"""The sealed document of an approved certificate: pages, attachments, seal."""

from dataclasses import dataclass
from datetime import datetime

from atmpxb.quality import saying
from atmpxb.quality.actions.findings import current_analysis
from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate import record as records
from atmpxb.quality.models import Certificate
from atmpxb.quality.proof.manifests import manifest_file
from atmpxb.quality.states import TestState
from atmpxb.records.signatures.models import Signature
from atmpxb.records.signatures.signing import SigningClient
from atmpxb.records.vault.actions import vault


@dataclass(frozen=True, slots=True)
class Parts:
    """What goes into the document besides the record and the proof."""

    methods: dict[str, bytes]  # SHA-256 → source
    specification: bytes
    manifests: dict[str, bytes]  # SHA-256 of a manifest → manifest and its seal
    plots: dict[str, tuple[Plot, ...]]  # run number → its pictures


def parts(certificate: Certificate) -> Parts:
    """Collect methods, specification and pictures. Reads the database and the vault."""
    order = certificate.order
    runs = sorted(
        {
            test.run
            for test in order.tests.select_related("run__method")
            if test.run and test.state in (TestState.REVIEWED, TestState.APPROVED)
        },
        key=lambda run: run.number,
    )
    plots: dict[str, tuple[Plot, ...]] = {}
    for run in runs:
        analysis = current_analysis(run)
        if analysis:
            plots[run.number] = tuple(
                Plot(
                    plot.code, plot.title, vault().read(plot.sha256).decode(), tuple(plot.columns),
                    tuple(tuple(row) for row in plot.rows), plot.sample, plot.series,
                )
                for plot in analysis.plots.all()
            )  # fmt: skip
    tested = order.tests.exclude(state=TestState.INVALID).select_related("method")
    return Parts(
        {test.method.sha256: test.method.source.encode() for test in tested},
        order.request.specification.source.encode(),
        _manifests(certificate),
        plots,
    )


def _manifests(certificate: Certificate) -> dict[str, bytes]:
    wanted = [one.manifest_sha256 for one in records.parse(certificate.record.encode()).signatures]
    found = Signature.objects.filter(organisation_id=certificate.organisation_id, manifest_sha256__in=wanted)
    return {one.manifest_sha256: manifest_file(one.manifest.encode(), one.key_id, bytes(one.seal)) for one in found}


def sealed(certificate: Certificate, material: Parts, proof: bytes, client: SigningClient, at: datetime) -> bytes:
    """Render and seal, now (``at``). No database is touched, no lock is held."""
    from atmpxb.quality.certificate.render import render
    from atmpxb.records.signatures.seal import seal

    written = certificate.record.encode()
    pdf = render(
        records.parse(written),
        proof=proof,
        methods=material.methods,
        specification=material.specification,
        manifests=material.manifests,
        plots=material.plots,
        voices=saying.voice,
    )
    return seal(pdf, certificate.organisation_id, certificate.record_sha256, client, at)
