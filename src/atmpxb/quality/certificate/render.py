"""The record and its proof as a PDF/A-3a, PDF/UA-1 document with everything that verification needs
attached.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources

import typst
import zxingcpp

from atmpxb.notes import Noted, Voice
from atmpxb.quality.certificate.attachments import attachments
from atmpxb.quality.certificate.record import Certificate, record_sha256
from atmpxb.quality.certificate.view import Plots, pages
from atmpxb.quality.certificate.wording import printable
from atmpxb.quality.proof.inclusion import parse_proof

_NOT_DISPLAYABLE = re.compile(r'the text `"(?P<text>.+?)"` could not be displayed')


#: How notes are told in a language: by the framework's catalogues, or without it.
type Voices = Callable[[str], Voice]


class RenderError(Noted, ValueError):
    """The certificate can't be printed as a document that keeps the standard. Says what is wrong."""


def render(
    certificate: Certificate,
    *,
    proof: bytes,
    methods: Mapping[str, bytes],
    specification: bytes,
    manifests: Mapping[str, bytes],
    plots: Plots,
    voices: Voices,
) -> bytes:
    """The unsealed document. Equal input gives equal bytes.

    Args:
        proof: ``proof.json`` (``inclusion.build_proof``).
        methods: SHA-256 → source bytes of every method document that an analysis followed.
        specification: source bytes of the specification.
        manifests: SHA-256 of a manifest → ``proof.manifests.manifest_file`` of each signature.
        plots: analysis id → its plots, as the record names them; their SVG goes into the annex as it is on the screen.
        voices: language → how notes are told in it.

    Raises:
        RecordError: the record does not hold.
        RenderError: an attachment does not fit the record, or a picture breaks the standard.
    """
    content = certificate.bytes()
    attached = attachments(certificate, content, proof, methods, specification, manifests, plots)
    proven = parse_proof(proof)
    shown = {"entry": proven.entry.hash.hex(), "checkpoint": proven.checkpoint.merkle_root.hex()}
    voice, qr = voices(certificate.language), _qr(certificate.verification_url)
    data = pages(certificate, record_sha256(content), plots, qr, shown, voice)
    data["attachments"] = attached
    at = datetime.fromisoformat(certificate.issued_at).astimezone(UTC)
    try:
        made = typst.Compiler(_template(), ignore_system_fonts=True).compile(
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=at,
            sys_inputs={"certificate": json.dumps(data, ensure_ascii=False)},
        )
    except typst.TypstError as error:
        hidden = _NOT_DISPLAYABLE.search(str(error))
        if hidden:
            raise RenderError(
                "render.text",
                "the certificate breaks PDF/A or PDF/UA (the text {text} in a picture): {error}",
                text=repr(printable(hidden["text"])),
                error=error,
            ) from None
        raise RenderError("render.standard", "the certificate breaks PDF/A or PDF/UA: {error}", error=error) from None
    assert isinstance(made, bytes)
    # The seal goes behind the last line, which Typst leaves open: PDF/A wants an object to begin on a line of its own.
    return made.rstrip(b"\n") + b"\n"


@cache
def _template() -> bytes:
    return resources.files(__package__).joinpath("certificate.typ").read_bytes()


def _qr(url: str) -> str:
    """The QR symbol of an address as SVG."""
    return str(zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_svg(scale=4))
