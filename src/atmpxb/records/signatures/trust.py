"""The trust list: whose seal certificates and checkpoint keys a reader chooses to believe.

A reader obtains it apart from the certificates that it judges (from the platform's public page, from a
partner, on paper); a document can't vouch for itself. JSON, schema ``atmpxb.trust/1``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from atmpxb.notes import Noted
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.signatures.keys import CheckpointKey, Identity, key_id

SCHEMA = "atmpxb.trust/1"
LARGEST = 8 << 20


class NotATrustList(Noted, ValueError):
    """The bytes are not a trust list that can be used. Says where."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """One organisation of a trust list."""

    id: UUID
    name: str
    seal_certificates: tuple[bytes, ...]  # DER
    checkpoint_keys: tuple[CheckpointKey, ...]

    def checkpoint_key(self, id: str, at: datetime) -> CheckpointKey | None:
        """The key with this id, if it was in use at that time."""
        for key in self.checkpoint_keys:
            if key.id == id and _moment(key.since) <= at and (key.until is None or at <= _moment(key.until)):
                return key
        return None


@dataclass(frozen=True, slots=True)
class TrustList:
    """Organisations that a reader trusts to speak for themselves."""

    published_at: str
    organisations: tuple[Trusted, ...]

    def organisation(self, id: UUID) -> Trusted | None:
        """The organisation with this identifier."""
        return next((trusted for trusted in self.organisations if trusted.id == id), None)

    def owner_of(self, certificate: bytes) -> Trusted | None:
        """The organisation whose seal this certificate (DER) is."""
        return next(
            (trusted for trusted in self.organisations if certificate in trusted.seal_certificates), None
        )


def build(identities: Iterable[Identity], published_at: datetime) -> bytes:
    """The trust list of these organisations, indented for people who read it."""
    organisations = [
        {
            "id": str(identity.organisation),
            "name": identity.name,
            "seal_certificates": [_pem(der) for der in identity.seal_certificates],
            "checkpoint_keys": identity.description()["checkpoint_keys"],
        }
        for identity in identities
    ]
    content = {"schema": SCHEMA, "published_at": utc_text(published_at), "organisations": organisations}
    return json.dumps(json.loads(canonical(content)), indent=1, ensure_ascii=False).encode() + b"\n"


def parse(content: bytes) -> TrustList:
    """Read a trust list.

    Raises:
        NotATrustList: not JSON, another schema, a key whose id does not fit it, one organisation or key
        listed twice.
    """
    if len(content) > LARGEST:
        raise NotATrustList(
            "trust.too_large",
            "a trust list of {count} bytes is too long (at most {limit})",
            count=len(content),
            limit=LARGEST,
        )
    try:
        fields = json.loads(content)
        if fields["schema"] != SCHEMA:
            raise NotATrustList(
                "trust.schema",
                "the schema is '{found}'; this program reads '{schema}'",
                found=fields["schema"],
                schema=SCHEMA,
            )
        found = TrustList(
            utc_text(_moment(fields["published_at"])),
            tuple(_trusted(entry) for entry in fields["organisations"]),
        )
    except NotATrustList:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotATrustList(
            "trust.unreadable",
            "this is not a trust list: {kind} {error}",
            kind=type(error).__name__,
            error=error,
        ) from None
    _demand_unique([trusted.id for trusted in found.organisations], "organisation")
    _demand_unique(
        [der for trusted in found.organisations for der in trusted.seal_certificates], "certificate"
    )
    _demand_unique([key.id for trusted in found.organisations for key in trusted.checkpoint_keys], "key")
    return found


def _trusted(entry: Mapping[str, Any]) -> Trusted:
    keys = []
    for key in entry["checkpoint_keys"]:
        public = bytes.fromhex(key["public"])
        if len(public) != 32 or key["id"] != key_id(public):
            raise NotATrustList(
                "trust.key",
                "key '{key}' of {name} is not the key that its id names",
                key=key["id"],
                name=entry["name"],
            )
        for moment in (key["since"], key["until"]):
            _ = moment is None or _moment(moment)
        keys.append(CheckpointKey(key["id"], public, key["since"], key["until"]))
    certificates = tuple(
        x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
        for pem in entry["seal_certificates"]
    )
    if not isinstance(entry["name"], str):
        raise NotATrustList("trust.no_name", "organisation {name} has no name", name=entry["id"])
    return Trusted(UUID(entry["id"]), entry["name"], certificates, tuple(keys))


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise NotATrustList("trust.no_zone", "time '{text}' has no zone", text=text)
    return at


def _demand_unique(values: list[Any], what: str) -> None:
    if len(set(values)) != len(values):
        raise NotATrustList("trust.twice", "the trust list names one {what} twice", what=what)


def _pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
