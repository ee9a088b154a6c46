"""The sealed document of an approved certificate: pages, attachments, seal."""

from dataclasses import dataclass

from atmpxb.quality.actions.analyses import vault
from atmpxb.quality.actions.reviews import current_analysis
from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate import record as records
from atmpxb.quality.models import Certificate
from atmpxb.quality.states import TestState
from atmpxb.records.signatures.signing import SigningClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What goes into the document besides the record and the proof."""

    methods: dict[str, bytes]  # SHA-256 → source
    specification: bytes
    plots: dict[str, tuple[Plot, ...]]  # run number → its pictures


def parts(certificate: Certificate) -> Parts:
    """Collect methods, specification and pictures. Reads the database and the vault."""
    order = certificate.order
    runs = sorted(
        {
            test.run
            for test in order.tests.filter(state__in=[TestState.REVIEWED, TestState.APPROVED]).select_related("run__method")
            if test.run
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
                    tuple(tuple(row) for row in plot.rows), plot.sample,
                )
                for plot in analysis.plots.all()
            )  # fmt: skip
    return Parts(
        {run.method.sha256: run.method.source.encode() for run in runs},
        order.request.specification.source.encode(),
        plots,
    )


def sealed(certificate: Certificate, material: Parts, proof: bytes, client: SigningClient) -> bytes:
    """Render and seal. No database is touched, no lock is held."""
    from atmpxb.quality.certificate.render import render  # noqa: PLC0415 - typst loads only where a page is made
    from atmpxb.records.signatures.seal import seal  # noqa: PLC0415

    written = certificate.record.encode()
    pdf = render(
        records.parse(written),
        proof=proof,
        methods=material.methods,
        specification=material.specification,
        plots=material.plots,
    )
    return seal(pdf, certificate.organisation_id, certificate.record_sha256, client, certificate.approved_at)
