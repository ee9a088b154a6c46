"""The trust list: whose seal certificates and checkpoint keys a reader chooses to believe.

A reader obtains it apart from the certificates that it judges (from the platform's public page, from a
partner, on paper); a document can't vouch for itself. JSON, schema ``atmpxb.trust/1``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
class Seat:
    """Where an organisation is established, as its certificates print it."""

    address: str
    country: str


@dataclass(frozen=True, slots=True)
class SealCertificate:
    """A certificate (DER) and the time in which its key seals (``until`` None: now)."""

    der: bytes
    since: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Trusted:
    """One organisation of a trust list."""

    id: UUID
    name: str
    seat: Seat
    seals: tuple[SealCertificate, ...]
    checkpoint_keys: tuple[CheckpointKey, ...]

    def sealed_with(self, certificate: bytes, at: datetime) -> bool:
        """Whether this certificate (DER) was in use at that time, by the list and by its own dates. A seal tells whole
        seconds, so it may seem to be made in the second before its key."""
        own = x509.load_der_x509_certificate(certificate)
        return own.not_valid_before_utc <= at <= own.not_valid_after_utc and any(
            seal.der == certificate and _within(at, seal.since, seal.until, timedelta(seconds=1)) for seal in self.seals
        )

    def checkpoint_key(self, id: str, at: datetime) -> CheckpointKey | None:
        """The key with this id, if it was in use at that time."""
        for key in self.checkpoint_keys:
            if key.id == id and _within(at, key.since, key.until):
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
        return next((one for one in self.organisations if any(seal.der == certificate for seal in one.seals)), None)


def build(identities: Iterable[Identity], seats: Mapping[UUID, Seat], published_at: datetime) -> bytes:
    """The trust list of these organisations, indented for people who read it.

    The two keys of an organisation are made together, so a seal is in use for as long as the Ed25519 key beside it.
    """
    organisations = [
        {
            "id": str(identity.organisation),
            "name": identity.name,
            "address": seats[identity.organisation].address,
            "country": seats[identity.organisation].country,
            "seals": [
                {"certificate": _pem(der), "since": key.since, "until": key.until}
                for der, key in zip(identity.seal_certificates, identity.checkpoint_keys, strict=True)
            ],
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
    _demand_unique([seal.der for trusted in found.organisations for seal in trusted.seals], "certificate")
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
    if not all(isinstance(entry[field], str) for field in ("name", "address", "country")):
        raise NotATrustList("trust.no_name", "organisation {id} has no name, address or country", id=entry["id"])
    seat = Seat(entry["address"], entry["country"])
    return Trusted(UUID(entry["id"]), entry["name"], seat, tuple(map(_seal, entry["seals"])), tuple(keys))


def _seal(entry: Mapping[str, Any]) -> SealCertificate:
    for moment in (entry["since"], entry["until"]):
        _ = moment is None or _moment(moment)
    der = x509.load_pem_x509_certificate(entry["certificate"].encode()).public_bytes(Encoding.DER)
    return SealCertificate(der, entry["since"], entry["until"])


def _within(at: datetime, since: str, until: str | None, early: timedelta = timedelta(0)) -> bool:
    return _moment(since) - at <= early and (until is None or at <= _moment(until))


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
