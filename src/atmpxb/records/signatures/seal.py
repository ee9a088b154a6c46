"""The seal on a document: PAdES baseline B-B, in one form that leaves no byte unguarded.

Validators of PDF signatures accept more than one encoding of a signature and, some of them, bytes after it. A
seal of this product has exactly one form: the signed ranges are the whole file but for the signature's own
hexadecimal digits, and those are the upper-case digits of the one CMS container of ``cms``, followed by
zeros. A reader rebuilds them.
"""

import asyncio
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.signers import cms_embedder
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from atmpxb.notes import Note, Noted, note
from atmpxb.panics import is_panic
from atmpxb.records.signatures import cms
from atmpxb.records.signatures.printed import Unreadable, printed_text, text_sha256
from atmpxb.records.signatures.signing import SigningClient
from atmpxb.records.signatures.trust import Trusted, TrustList

FIELD = "Seal"
RESERVED_DIGITS = 8192
LARGEST_DOCUMENT = 256 << 20

_RANGE = re.compile(rb"/ByteRange \[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")
_REASON = re.compile(r"record ([0-9a-f]{64}) text ([0-9a-f]{64})")


class BrokenSeal(Noted, ValueError):
    """The seal does not hold. Says what is wrong."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the seal says: whose certificate, when, over which record and which printed text
    (SHA-256, hex).
    """

    certificate: bytes
    at: datetime
    record_sha256: str
    text_sha256: str

    @property
    def subject(self) -> str:
        """The organisation that the certificate names; only a trust list makes that name mean anything."""
        name = x509.load_der_x509_certificate(self.certificate).subject
        found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(found[0].value) if found else name.rfc4514_string()

    @property
    def demo(self) -> bool:
        """Whether the certificate is marked as a demonstration."""
        return "DEMO" in x509.load_der_x509_certificate(self.certificate).subject.rfc4514_string()


@dataclass(frozen=True, slots=True)
class SealReport:
    """The outcome of ``check_seal``: ``seal`` None with a ``problem``, or an intact seal and its ``issuer``.

    ``issuer`` is the organisation of the trust list that owns the certificate, None when there is no list or
    the certificate is not in it: intact, but nobody known vouches for it. ``text`` is the printed text, which
    the seal covers.
    """

    seal: Seal | None
    issuer: Trusted | None
    problem: Note | None = None
    text: str = ""


class _SealAlone(IncrementalPdfFileWriter):
    """Appends the seal and nothing else: title, dates and metadata stay as they were drawn.

    The library would rewrite the metadata, in a form that a validator of PDF/A refuses.
    """

    def _update_meta(self) -> None:
        pass


def seal(pdf: bytes, organisation: UUID, record_sha256: str, client: SigningClient, at: datetime) -> bytes:
    """Seal a rendered document with the organisation's current key.

    Args:
        record_sha256: digest of the attached record, bound in the signature's reason beside that of the
        printed text. at: when, with zone; it stands in the signature dictionary.

    Raises:
        SigningError: the signing process does not run or refuses.
    """
    certificate = client.identity(organisation).seal_certificates[-1]
    writer = _SealAlone(io.BytesIO(pdf))
    # PDF/A wants the print flag, PDF/UA wants an untagged field out of sight: zero size, outside the page.
    unseen = fields.InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)
    embedder = cms_embedder.PdfCMSEmbedder(fields.SigFieldSpec(FIELD, invis_sig_settings=unseen))
    steps = embedder.write_cms(FIELD, writer)
    next(steps)
    placeholder = SignatureObject(
        timestamp=at.astimezone(UTC),
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=f"record {record_sha256} text {text_sha256(printed_text(pdf))}",
        bytes_reserved=RESERVED_DIGITS,
    )
    lock = cms_embedder.SigMDPSetup("sha256", certify=True, docmdp_perms=fields.MDPPerm.NO_CHANGES)
    steps.send(cms_embedder.SigObjSetup(placeholder, mdp_setup=lock))
    prepared, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256"))
    signature = client.sign_seal(organisation, cms.signed_attributes(certificate, prepared.document_digest))
    steps.send(cms.container(certificate, prepared.document_digest, signature))
    return bytes(output.getvalue())


def check_seal(pdf: bytes, trust: TrustList | None) -> SealReport:
    """Whether a document is exactly what was sealed, and by whom.

    Our own reading decides first; what passes is judged again by pyHanko's validation, so two programs agree.
    """
    try:
        certificate, gap = _our_reading(pdf)
        found = _second_reading(pdf, certificate, gap)
        text = printed_text(pdf)
    except (BrokenSeal, Unreadable) as error:
        return SealReport(None, None, error.note)
    if text_sha256(text) != found.text_sha256:
        return SealReport(None, None, note("seal.other_text", "the printed text is not the text that was sealed"))
    return SealReport(found, trust.owner_of(certificate) if trust else None, text=text)


def _our_reading(pdf: bytes) -> tuple[bytes, tuple[int, int]]:
    """The certificate (DER) of a seal whose bytes all hold, and where its digits stand."""
    if len(pdf) > LARGEST_DOCUMENT:
        raise BrokenSeal(
            "seal.too_large",
            "the file has {count} bytes; at most {limit} are read",
            count=len(pdf),
            limit=LARGEST_DOCUMENT,
        )
    ranges = list(_RANGE.finditer(pdf))
    if not ranges:
        raise BrokenSeal("seal.absent", "the document carries no seal, or the place of its seal was changed")
    start, end, rest = map(int, ranges[-1].groups())
    if end + rest != len(pdf):
        raise BrokenSeal(
            "seal.length",
            "the seal covers {end} bytes and the file has {count}: bytes were added or cut off",
            end=end + rest,
            count=len(pdf),
        )
    if not 0 < start < end <= len(pdf) or pdf[start : start + 1] != b"<" or pdf[end - 1 : end] != b">":
        raise BrokenSeal("seal.partial", "the seal does not cover the whole file")
    spoken, found = pdf[start + 1 : end - 1], sha256(pdf[:start] + pdf[end:]).digest()
    if found.hex().upper().encode() not in spoken:  # cheap, and most damage ends here
        raise BrokenSeal("seal.changed", "the document, or the digest in its seal, was changed after it was sealed")
    certificate, digest, signature = _container(spoken)
    if found != digest:
        raise BrokenSeal("seal.document_changed", "the document was changed after it was sealed")
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise BrokenSeal("seal.key", "the seal's key is not of the kind that this product seals with")
    try:
        attributes = cms.signed_attributes(certificate, digest)
        key.verify(signature, attributes, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise BrokenSeal("seal.not_by_key", "the signature of the seal is not by the key of its certificate") from None
    return certificate, (start, end)


def _container(digits: bytes) -> tuple[bytes, bytes, bytes]:
    """Certificate, digest and signature from the hexadecimal digits, which must be in their one form."""
    try:
        filled = bytes.fromhex(digits.decode("ascii"))
        if filled.hex().upper().encode() != digits:
            raise ValueError("its digits are not upper-case hexadecimal")
        length = 4 + int.from_bytes(filled[2:4], "big")
        parts = cms.take_apart(filled[:length])
    except (ValueError, UnicodeDecodeError) as error:
        raise BrokenSeal("seal.container", "the signature container was changed: {error}", error=error) from None
    canonical_form = cms.container(*parts).hex().upper().encode().ljust(RESERVED_DIGITS, b"0")
    if canonical_form != digits:
        raise BrokenSeal("seal.padding", "the digits of the signature container or its padding were changed")
    return parts


def _second_reading(pdf: bytes, certificate: bytes, gap: tuple[int, int]) -> Seal:
    """pyHanko's view of the same document, which must hold and must speak of the same signature."""
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1:
            raise BrokenSeal(
                "seal.several",
                "the document has {count} signatures; a seal is the only one",
                count=len(signatures),
            )
        signature = signatures[0]
        byte_range = [int(number) for number in signature.byte_range]
        if byte_range != [0, gap[0], gap[1], len(pdf) - gap[1]]:
            raise BrokenSeal("seal.elsewhere", "the signature in the document is not the one at its end")
        pinned = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(certificate)], moment=signature.self_reported_timestamp
        )
        status = asyncio.run(async_validate_pdf_signature(signature, pinned))
        reason, at = str(signature.sig_object["/Reason"]), signature.self_reported_timestamp
    except BrokenSeal:
        raise
    except BaseException as error:  # a foreign parser on foreign bytes: whatever it meets, the seal does not hold
        if not (isinstance(error, Exception) or is_panic(error)):
            raise
        raise BrokenSeal(
            "seal.invalid",
            "the signed document can't be validated: {kind} {error}",
            kind=type(error).__name__,
            error=error,
        ) from None
    if not (status.intact and status.valid) or status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise BrokenSeal("seal.failed", "the validation of the signature failed: {status}", status=status.summary())
    spoken = _REASON.fullmatch(reason)
    if spoken is None or at is None:
        raise BrokenSeal("seal.silent", "the seal does not say which record and text it covers, or when it was made")
    return Seal(certificate, at, *spoken.groups())
