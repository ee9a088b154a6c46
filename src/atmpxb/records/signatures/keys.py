"""The private keys of a house, in a folder that only the signing process reads.

Every organisation has an Ed25519 key, for checkpoints and signature manifests, and an RSA-3072 key with an
X.509 certificate, for the seal on its documents. The certificates are issued by one authority of this
installation, made at first use. Rotation makes a new pair and keeps the old public half, so that what it
signed stays verifiable; the old private half is deleted.
"""

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID

from atmpxb.records.ledger.canonical import canonical, utc_text

RSA_BITS = 3072
AUTHORITY_YEARS, SEAL_YEARS = 30, 5
type PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class KeyringError(Exception):
    """The keys can't be used. Says what is wrong and what cures it."""


class NotEnrolled(KeyringError):
    """The folder holds no keys of this organisation: never made, or not put back after a restore."""


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """Public half of an Ed25519 key: its id, 32 raw bytes, and the time in which it signed (``until`` None:
    now)."""

    id: str
    public: bytes
    since: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What is public of an organisation's keys; the current ones stand last."""

    organisation: UUID
    name: str
    demo: bool
    checkpoint_keys: tuple[CheckpointKey, ...]
    seal_certificates: tuple[bytes, ...]  # DER

    def description(self) -> dict[str, Any]:
        """JSON-ready form, as the keyring stores it and the signing process tells it."""
        return {
            "name": self.name,
            "demo": self.demo,
            "checkpoint_keys": [
                {"id": key.id, "public": key.public.hex(), "since": key.since, "until": key.until}
                for key in self.checkpoint_keys
            ],
            "seal_certificates": [der.hex() for der in self.seal_certificates],
        }

    @classmethod
    def described(cls, organisation: UUID, about: Mapping[str, Any]) -> "Identity":
        """The identity that ``description`` described."""
        keys = tuple(
            CheckpointKey(key["id"], bytes.fromhex(key["public"]), key["since"], key["until"])
            for key in about["checkpoint_keys"]
        )
        certificates = tuple(bytes.fromhex(der) for der in about["seal_certificates"])
        return cls(organisation, about["name"], about["demo"], keys, certificates)


def key_id(public: bytes) -> str:
    """Identifier of an Ed25519 key: the first 16 hexadecimal digits of SHA-256 over its 32 bytes.

    >>> key_id(bytes(32))
    'ed25519:66687aadf862bd77'
    """
    return f"ed25519:{sha256(public).hexdigest()[:16]}"


class Keyring:
    """The folder of keys. Refuses a folder or a file that others may read.

    Args:
        folder: made with mode 0700 when it is not there.
        clock: the current time, with zone; certificates and rotations are dated by it.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder, self._clock = folder, clock
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700)
        _demand_private(folder, 0o700)
        for path in folder.rglob("*"):
            _demand_private(path, 0o700 if path.is_dir() else 0o600)

    def enrol(self, organisation: UUID, name: str, *, demo: bool = False) -> Identity:
        """Make the keys of an organisation; when it has keys already, they stay and are returned.

        Raises:
            KeyringError: the name is empty or too long for a certificate, or it was enrolled differently.
        """
        if not 1 <= len(name) <= 64:
            raise KeyringError(f"the name {name!r} must have 1 to 64 characters to stand in a certificate")
        if self._about(organisation).exists():
            identity = self.identity(organisation)
            if identity.demo != demo:
                raise KeyringError(f"{identity.name} has keys whose demo mark differs: enrol a new organisation")
            return identity
        (self.folder / str(organisation)).mkdir(mode=0o700, exist_ok=True)
        return self._renew(Identity(organisation, name, demo, (), ()))

    def rotate(self, organisation: UUID, replacing: str) -> Identity:
        """New keys for an enrolled organisation; the old public halves stay in its identity.

        Args:
            replacing: id of the Ed25519 key that is current. Where it no longer is, nothing is made: a request whose
            answer was lost can be repeated.
        """
        before = self.identity(organisation)
        return self._renew(before) if before.checkpoint_keys[-1].id == replacing else before

    def identity(self, organisation: UUID) -> Identity:
        """What is public of an organisation's keys."""
        try:
            about = json.loads(self._about(organisation).read_bytes())
        except FileNotFoundError:
            raise NotEnrolled(f"organisation {organisation} has no keys: enrol it first") from None
        return Identity.described(organisation, about)

    def checkpoint_key(self, organisation: UUID) -> tuple[str, ed25519.Ed25519PrivateKey]:
        """Id and private half of the current Ed25519 key."""
        current = self.identity(organisation).checkpoint_keys[-1]
        key = self._load(self._private(organisation, "checkpoint", current.public))
        if not isinstance(key, ed25519.Ed25519PrivateKey) or key.public_key().public_bytes_raw() != current.public:
            raise KeyringError(f"the key {current.id} in {self.folder} is not the one that was enrolled")
        return current.id, key

    def seal_key(self, organisation: UUID) -> tuple[bytes, rsa.RSAPrivateKey]:
        """Certificate (DER) and private half of the current seal key."""
        der = self.identity(organisation).seal_certificates[-1]
        key = self._load(self._private(organisation, "seal", der))
        if (
            not isinstance(key, rsa.RSAPrivateKey)
            or key.public_key() != x509.load_der_x509_certificate(der).public_key()
        ):
            raise KeyringError(f"the seal key of {organisation} in {self.folder} does not fit its certificate")
        return der, key

    def _renew(self, before: Identity) -> Identity:
        """Make both keys, write the private halves, then the public record, then delete every other private half: the
        old ones, and what a renewal left that was cut off."""
        organisation, now = before.organisation, self._clock()
        signing = ed25519.Ed25519PrivateKey.generate()
        public = signing.public_key().public_bytes_raw()
        sealing = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        certificate = self._issue(before, sealing.public_key(), now)
        kept: dict[Path, PrivateKey] = {
            self._private(organisation, "checkpoint", public): signing,
            self._private(organisation, "seal", certificate): sealing,
        }
        for path, private in kept.items():
            self._store(path, private)
        ended = tuple(
            CheckpointKey(earlier.id, earlier.public, earlier.since, earlier.until or utc_text(now))
            for earlier in before.checkpoint_keys
        )
        after = Identity(
            organisation,
            before.name,
            before.demo,
            (*ended, CheckpointKey(key_id(public), public, utc_text(now))),
            (*before.seal_certificates, certificate),
        )
        _write(self._about(organisation), canonical(after.description()))
        for path in (self.folder / str(organisation)).glob("*.pem"):
            if path not in kept:
                path.unlink(missing_ok=True)
        return after

    def _issue(self, identity: Identity, public: rsa.RSAPublicKey, now: datetime) -> bytes:
        """A certificate for documents only (digital signature and non-repudiation), of this installation's
        authority."""
        authority, authority_key = self._authority()
        mark = "DEMO " if identity.demo else ""
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.name),
                *([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "DEMO")] if identity.demo else []),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{mark}document seal {str(identity.organisation)[:8]}"),
            ]
        )
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        certificate = (
            _builder(subject, authority.subject, public, now, SEAL_YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.DER)

    def _authority(self) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        """The certificate authority of this installation, made at first use."""
        folder = self.folder / "authority"
        if not (folder / "certificate.der").exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"atmpxb authority {os.urandom(4).hex()}")])
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            certificate = (
                _builder(name, name, key.public_key(), self._clock(), AUTHORITY_YEARS)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(usage, critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .sign(key, hashes.SHA256())
            )
            self._store(folder / "key.pem", key)
            _write(folder / "certificate.der", certificate.public_bytes(serialization.Encoding.DER))
        certificate = x509.load_der_x509_certificate((folder / "certificate.der").read_bytes())
        return certificate, cast(rsa.RSAPrivateKey, self._load(folder / "key.pem"))

    def _about(self, organisation: UUID) -> Path:
        return self.folder / str(organisation) / "identity.json"

    def _private(self, organisation: UUID, purpose: str, public: bytes) -> Path:
        return self.folder / str(organisation) / f"{purpose}-{sha256(public).hexdigest()[:16]}.pem"

    def _store(self, path: Path, key: PrivateKey) -> None:
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        _write(path, key.private_bytes(pem, pkcs8, serialization.NoEncryption()))

    def _load(self, path: Path) -> PrivateKey:
        try:
            _demand_private(path, 0o600)
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise KeyringError(f"the private key {path} can't be read: {error}. Restore it or rotate.") from None
        return cast(PrivateKey, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: rsa.RSAPublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of readers differ a little
        .not_valid_after(now + timedelta(days=365 * years))
    )


def _demand_private(path: Path, mode: int) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise KeyringError(f"{path} is a link; keys must lie in the folder itself")
    if stat.S_IMODE(found.st_mode) & ~mode:
        is_now = f"{stat.S_IMODE(found.st_mode):04o}"
        raise KeyringError(f"{path} has mode {is_now}, so others may read keys: chmod {mode:04o} {path}")
    if found.st_uid != os.geteuid():
        raise KeyringError(f"{path} belongs to another account; the signing process must own its keys")


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all, readable by the owner alone from its first moment."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
