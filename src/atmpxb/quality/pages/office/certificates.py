"""Certificates: the list, one with its pages as pictures, and everything that can be taken away from it."""

from collections.abc import Iterator, Set
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.actions import withdrawals
from atmpxb.quality.certificate import package, preview
from atmpxb.quality.certificate import record as records
from atmpxb.quality.models import Certificate
from atmpxb.quality.pages.access import EVERYONE, here, number, role_page
from atmpxb.quality.pages.entrance import Request, deed, keeps, looked_at
from atmpxb.quality.pages.forms import ReasonForm, SignForm
from atmpxb.quality.pages.lists import MOST, as_csv, order_of
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import certificates as queries
from atmpxb.quality.queries.failures import failures
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import digest_of, needs_code, prove_identity
from atmpxb.records.vault.actions import vault
from atmpxb.records.vault.models import StoredFile

#: What is named by the hash of its content never changes.
_FOREVER = "private, max-age=31536000, immutable"


@keeps("sort")
@role_page(*EVERYONE)
def certificates(request: Request, actor: Actor) -> HttpResponseBase:
    """Certificates of the organisation and those it received."""
    sort = order_of(request, queries.ORDERS, "-approved")
    if request.GET.get("format") == "csv":
        columns = (
            "certificate",
            "version",
            "kind",
            "batch",
            "issued_by",
            "client",
            "approved_at",
            "issued_at",
            "state",
        )
        rows = (
            (one.number, one.version, one.kind, one.order.request.batch.number, one.organisation.name,
             one.order.client.name, one.approved_at, one.issued_at, one.state)
            for one in list(queries.all_certificates(actor, sort)[:MOST])
        )  # fmt: skip
        return as_csv("certificates", columns, rows)
    found = queries.certificates(actor, number(request), sort)
    context = {"page": found, "may_release": actor.holds(Role.QP), "sort": sort}
    return render(request, "quality/office/certificates.html", context)


@role_page(*EVERYONE)
def certificate(request: Request, actor: Actor, certificate: UUID) -> HttpResponse:
    """One certificate."""
    found = queries.certificate(actor, certificate)
    looked_at(request, found.certificate)
    pages = range(1, preview.page_count(vault(), found.certificate.pdf_sha256) + 1) if found.issued else ()
    context = {
        "shown": found,
        "certificate": found.certificate,
        "record": found.record,
        "pages": pages,
        "files": package.raw_files(found.record),
        "is_client": not found.own,
        "failed": not found.issued and any(one.subject == certificate for one in failures(actor)),
        "seen": digest_of(withdrawals.content(found.certificate)) if found.may_withdraw else "",
        "asks_code": found.may_withdraw and needs_code(actor.person_id),
    }
    return render(request, "quality/office/certificate.html", context)


@deed
def withdraw(request: Request, actor: Actor, certificate: UUID) -> str:
    """Sign that an issued certificate no longer holds."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(
            Certificate.objects.select_related("order"), pk=certificate, organisation_id=actor.organisation_id
        )
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    withdrawals.withdraw_certificate(actor=actor, certificate=found, reason=reason, proof=proof, seen=form["seen"])
    return reverse("quality:certificate", kwargs={"organisation": here(request), "certificate": certificate})


@role_page(*EVERYONE)
def progress(request: Request, actor: Actor, certificate: UUID) -> HttpResponse:
    """While the document is made: its stages; afterwards the page itself."""
    found = Certificate.objects.defer("record").get(pk=certificate)
    looked_at(request, found)
    if found.pdf_sha256:
        address = reverse("quality:certificate", kwargs={"organisation": here(request), "certificate": certificate})
        return HttpResponse(headers={"HX-Redirect": address})
    context = {"certificate": found, "failed": any(one.subject == found.pk for one in failures(actor))}
    return render(request, "quality/office/certificate_progress.html", context)


def _issued(request: Request, certificate: UUID) -> Certificate:
    """A sealed certificate; every download of another's is logged like a page, and needs a grant of its own."""
    found = Certificate.objects.get(pk=certificate)
    if not found.pdf_sha256:
        raise Http404
    _demand_granted(found, {found.pdf_sha256})
    looked_at(request, found)
    return found


def _demand_granted(found: Certificate, digests: Set[str]) -> None:
    """A file of the vault is handed out when its row may be read: it is one's own, or its owner granted it."""
    held = StoredFile.objects.filter(organisation_id=found.organisation_id, sha256__in=digests)
    if held.values("sha256").distinct().count() != len(digests):
        raise Http404


def _name(found: Certificate, end: str) -> str:
    return f"{found.number}-v{found.version}{end}"


@role_page(*EVERYONE)
def pdf(request: Request, actor: Actor, certificate: UUID) -> HttpResponseBase:
    """The sealed document."""
    found = _issued(request, certificate)
    return FileResponse(
        vault().path(found.pdf_sha256).open("rb"), as_attachment=True, filename=_name(found, ".pdf"),
        content_type="application/pdf",
    )  # fmt: skip


@role_page(*EVERYONE)
def record(request: Request, actor: Actor, certificate: UUID) -> HttpResponse:
    """The machine-readable record, byte for byte as it was approved."""
    found = _issued(request, certificate)
    return _attachment(found.record.encode(), _name(found, ".json"), "application/json")


@role_page(*EVERYONE)
def raw(request: Request, actor: Actor, certificate: UUID) -> HttpResponseBase:
    """Every raw file that the results rest on, as one archive."""
    found = _issued(request, certificate)
    parsed = records.parse(found.record.encode())
    digests = set(package.raw_files(parsed).values())
    _demand_granted(found, digests)
    if found.organisation_id != actor.organisation_id:
        request.looked_at |= {(found.organisation_id, f"raw file {digest}") for digest in digests}
    archive: Iterator[bytes] = package.archive(parsed, vault())
    response = StreamingHttpResponse(archive, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{_name(found, "-raw.zip")}"'
    response["Cache-Control"] = "no-store, private"
    return response


@role_page(*EVERYONE)
def picture(request: Request, actor: Actor, certificate: UUID, page: int) -> HttpResponseBase:
    """One page of the sealed document as a picture."""
    found = _issued(request, certificate)
    try:
        drawn = preview.page_picture(vault(), found.pdf_sha256, page)
    except preview.NoSuchPage as error:
        raise Http404 from error
    response = FileResponse(drawn.open("rb"), content_type="image/png")
    response["Cache-Control"] = _FOREVER
    return response


def _attachment(content: bytes, name: str, kind: str, **headers: Any) -> HttpResponse:
    response = HttpResponse(content, content_type=kind, **headers)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response
