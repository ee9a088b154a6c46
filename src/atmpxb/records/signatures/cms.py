"""The one CMS form that a seal of this product has (a profile of RFC 5652, PAdES B-B of ETSI EN 319 142-1).

One signer, RSA PKCS #1 v1.5 with SHA-256, three signed attributes (content type, message digest, ESS signing
certificate v2) in DER order, the signer's certificate and no other, no unsigned attribute. Because every byte
follows from certificate, document digest and signature, a verifier rebuilds the form and compares: no second
encoding passes.
"""

from hashlib import sha256
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509


class NotOurForm(ValueError):
    """The bytes are not what this profile makes."""


def signed_attributes(certificate: bytes, digest: bytes) -> bytes:
    """DER of the SET OF attributes that the seal key signs.

    Args:
        certificate: DER of the seal certificate.
        digest: SHA-256 of the document's signed byte ranges, 32 bytes.
    """
    return bytes(_attributes(certificate, digest).dump())


def certificate_and_digest(attributes: bytes) -> tuple[bytes, bytes]:
    """Hash of the certificate and digest of the document that signed attributes speak of.

    Raises:
        NotOurForm: not a DER set of exactly the attributes of this profile.
    """
    try:
        found = {item["type"].native: item["values"] for item in cms.CMSAttributes.load(attributes, strict=True)}
        digest = found["message_digest"][0].native
        certificate_hash = found["signing_certificate_v2"][0]["certs"][0]["cert_hash"].native
        rebuilt = bytes(_set_of(certificate_hash, digest).dump())
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise NotOurForm(f"these are not the signed attributes of a seal: {error}") from None
    if rebuilt != attributes or len(digest) != 32 or len(certificate_hash) != 32:
        raise NotOurForm("these are not the signed attributes of a seal in their one form")
    return certificate_hash, digest


def container(certificate: bytes, digest: bytes, signature: bytes) -> bytes:
    """DER of the whole CMS ContentInfo that stands in a sealed document."""
    parsed = x509.Certificate.load(certificate, strict=True)
    sha = algos.DigestAlgorithm({"algorithm": "sha256"})
    issuer = cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": issuer}),
            "digest_algorithm": sha,
            "signed_attrs": _attributes(certificate, digest),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [sha],
            "encap_content_info": {"content_type": "data"},
            "certificates": [parsed],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump(force=True))


def take_apart(der: bytes) -> tuple[bytes, bytes, bytes]:
    """Certificate (DER), document digest and signature inside a container.

    Raises:
        NotOurForm: any byte differs from what ``container`` makes of those three.
    """
    try:
        content: Any = cms.ContentInfo.load(der, strict=True)["content"]
        certificate = bytes(content["certificates"][0].chosen.dump())
        signer = content["signer_infos"][0]
        attributes = {item["type"].native: item["values"] for item in signer["signed_attrs"]}
        digest, signature = attributes["message_digest"][0].native, signer["signature"].native
        rebuilt = container(certificate, digest, signature)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise NotOurForm(f"the signature container can't be read: {error}") from None
    if rebuilt != der:
        raise NotOurForm("the signature container is not in its one canonical form")
    return certificate, digest, signature


def _attributes(certificate: bytes, digest: bytes) -> cms.CMSAttributes:
    return _set_of(sha256(certificate).digest(), digest)


def _set_of(certificate_hash: bytes, digest: bytes) -> cms.CMSAttributes:
    signing_certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": certificate_hash})]})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [core.OctetString(digest)]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [signing_certificate]}),
        ]
    )
