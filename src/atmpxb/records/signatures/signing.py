"""The signing process: the only program that reads private keys, asked over a Unix socket.

A request is a length (4 bytes, big endian) and canonical JSON; so is the answer. The process signs nothing
that it can't read as what it claims to be: a checkpoint, a manifest, the attributes of a seal. So whoever
reaches the socket can't have one purpose's signature pass for another's. Socket mode 0600, and the peer must
be the same account or root.
"""

import base64
import json
import logging
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding

from atmpxb.records.ledger import checkpoint
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures import cms
from atmpxb.records.signatures.keys import Identity, Keyring, KeyringError, NotEnrolled

LARGEST_MESSAGE = 4 << 20
PATIENCE_S = 15.0
MANIFEST_SCHEMA = "atmpxb.manifest/1"
MANIFEST_TAG = b"atmpxb.manifest/1\x00"


class SigningError(Exception):
    """Nothing was signed. Says why and what cures it."""


class NoKeys(SigningError):
    """The signing process runs and holds no keys of this organisation."""


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature (64 bytes) and the id of the key that made it."""

    key_id: str
    signature: bytes


def keys_folder(home: Path) -> Path:
    """Where the keys of an installation lie; nothing else is in there."""
    return home / "keys" / "signing"


def socket_path(home: Path) -> Path:
    """Where the signing process of an installation listens."""
    return home / "run" / "signer.sock"


def manifest_signed_by(public: bytes, payload: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 key with these 32 public bytes signed this manifest."""
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, MANIFEST_TAG + payload)
    except InvalidSignature:
        return False
    return True


class SigningProcess:
    """Listens on ``path`` and answers from the keyring until ``close``.

    Raises:
        SigningError: another signing process listens there already.
    """

    def __init__(self, keyring: Keyring, path: Path) -> None:
        self._keyring, self._path, self._changing = keyring, path, threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            self._clear_stale()
        process = self

        class Conversation(socketserver.StreamRequestHandler):
            timeout = PATIENCE_S

            def handle(self) -> None:
                with suppress(OSError):  # the caller hung up: nothing to tell anyone
                    if _same_account(self.connection):
                        _send(self.connection, process.answer(_receive(self.connection)))

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                logging.getLogger("atmpxb.signer").exception("unhandled exception")

        before = os.umask(0o177)
        try:
            with _short(path) as address:
                self._server = Server(address, Conversation)
        finally:
            os.umask(before)

    def serve(self) -> None:
        """Answer until another thread calls ``close``."""
        self._server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)

    def answer(self, request: bytes) -> bytes:
        """The answer to one request; a refusal is an answer too."""
        try:
            return canonical({"ok": True, **self._do(_request(request))})
        except (SigningError, KeyringError, cms.NotOurForm, checkpoint.NotACheckpoint) as error:
            return canonical({"ok": False, "message": str(error), "enrolled": not isinstance(error, NotEnrolled)})

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        organisation = _uuid(request.get("organisation"))
        with self._changing:  # a signature is wholly before a renewal of keys or wholly after it
            return self._answer(request, organisation)

    def _answer(self, request: Mapping[str, Any], organisation: UUID) -> dict[str, Any]:
        match request["do"]:
            case "enrol":
                name, demo = str(request.get("name")), request.get("demo") is True
                return self._keyring.enrol(organisation, name, demo=demo).description()
            case "rotate":
                return self._keyring.rotate(organisation, str(request.get("replacing"))).description()
            case "identity":
                return self._keyring.identity(organisation).description()
            case "sign_checkpoint":
                payload = _bytes(request, "payload")
                stated = checkpoint.parse(payload)
                if stated.organisation != organisation:
                    raise SigningError("the checkpoint is of another organisation")
                return self._ed25519(organisation, checkpoint.message(payload), stated.at)
            case "sign_manifest":
                payload = _bytes(request, "payload")
                at = _demand_manifest(payload, organisation)
                return self._ed25519(organisation, MANIFEST_TAG + payload, at)
            case "sign_seal":
                return self._seal(organisation, _bytes(request, "attributes"))
        raise SigningError(f"the signing process can't {request['do']!r}; it runs another version: restart it")

    def _ed25519(self, organisation: UUID, message: bytes, at: datetime | None) -> dict[str, Any]:
        keys = self._keyring.identity(organisation).checkpoint_keys
        if at and len(keys) > 1 and at < datetime.fromisoformat(keys[-1].since):
            # No trust list would accept it: the new key was not there yet, and the old one is gone.
            raise SigningError("the keys were renewed while this was being prepared: try again")
        key_id, key = self._keyring.checkpoint_key(organisation)
        return {"key_id": key_id, "signature": _text(key.sign(message))}

    def _seal(self, organisation: UUID, attributes: bytes) -> dict[str, Any]:
        certificate, key = self._keyring.seal_key(organisation)
        named, _ = cms.certificate_and_digest(attributes)
        if named != sha256(certificate).digest():
            raise SigningError("the attributes name another certificate than this organisation's current one")
        return {"signature": _text(key.sign(attributes, padding.PKCS1v15(), hashes.SHA256()))}

    def _clear_stale(self) -> None:
        """Remove the socket of a process that was killed; refuse when one still answers."""
        with _short(self._path) as address, socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(address)
            except (ConnectionRefusedError, FileNotFoundError):
                self._path.unlink(missing_ok=True)
            else:
                raise SigningError(f"a signing process listens on {self._path} already: stop it first")


class SigningClient:
    """Asks the signing process. One short connection a request; safe to share between threads.

    Args:
        path: the socket (``socket_path(home)``).
        timeout: seconds to wait for an answer; making RSA keys for a new organisation takes a second or two.
    """

    def __init__(self, path: Path, timeout: float = PATIENCE_S) -> None:
        self.path, self._timeout = path, timeout

    def enrol(self, organisation: UUID, name: str, *, demo: bool = False) -> Identity:
        """Make an organisation's keys, or return those it has."""
        return Identity.described(organisation, self._ask("enrol", organisation, name=name, demo=demo))

    def rotate(self, organisation: UUID, replacing: str) -> Identity:
        """New keys; the old public halves stay. ``replacing`` is the id of the current Ed25519 key: where it no longer
        is, nothing is made."""
        return Identity.described(organisation, self._ask("rotate", organisation, replacing=replacing))

    def identity(self, organisation: UUID) -> Identity:
        """The public side of an organisation's keys."""
        return Identity.described(organisation, self._ask("identity", organisation))

    def sign_checkpoint(self, organisation: UUID, payload: bytes) -> Signature:
        """Sign a checkpoint's payload (``Checkpoint.payload()``)."""
        return self._signature("sign_checkpoint", organisation, payload)

    def sign_manifest(self, organisation: UUID, payload: bytes) -> Signature:
        """Sign a signature manifest: canonical JSON, ``schema`` "atmpxb.manifest/1",
        ``organisation`` its id.
        """
        return self._signature("sign_manifest", organisation, payload)

    def sign_seal(self, organisation: UUID, attributes: bytes) -> bytes:
        """RSA signature (384 bytes) over the signed attributes of a seal (``cms.signed_attributes``)."""
        return _bytes(self._ask("sign_seal", organisation, attributes=_text(attributes)), "signature")

    def _signature(self, what: str, organisation: UUID, payload: bytes) -> Signature:
        answer = self._ask(what, organisation, payload=_text(payload))
        return Signature(answer["key_id"], _bytes(answer, "signature"))

    def _ask(self, what: str, organisation: UUID, **details: Any) -> dict[str, Any]:
        request = canonical({"do": what, "organisation": str(organisation), **details})
        try:
            with _short(self.path) as address, socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(self._timeout)
                connection.connect(address)
                _send(connection, request)
                answer = json.loads(_receive(connection))
        except TimeoutError:
            raise SigningError(f"the signing process did not answer within {self._timeout:g} s: try again") from None
        except (OSError, ValueError) as error:
            raise SigningError(
                f"the signing process is not running: nothing answers on {self.path} ({error})."
                " Start it with `atmpxb up`, or alone with `atmpxb signer`."
            ) from None
        if not answer["ok"]:
            raise (SigningError if answer["enrolled"] else NoKeys)(answer["message"])
        return dict(answer)


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(struct.pack(">I", len(message)) + message)


def _receive(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">I", _exactly(connection, 4))
    if length > LARGEST_MESSAGE:
        raise ConnectionError(f"a message of {length} bytes is too long")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(min(1 << 16, length - len(received)))
        if not part:
            raise ConnectionError("the connection ended in the middle of a message")
        received += part
    return bytes(received)


def _same_account(connection: socket.socket) -> bool:
    """Whether the peer is our account or root, where the system can tell; the mode of the socket
    says it too.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, account, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, 12))
    return account in (0, os.geteuid())


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for a socket whose path is longer than the 107 bytes that the system allows."""
    if len(os.fsencode(path)) <= 107:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _request(message: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(message)
    except (ValueError, RecursionError):
        raise SigningError("the request is not JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise SigningError("the request does not say what to do")
    return request


def _demand_manifest(payload: bytes, organisation: UUID) -> datetime | None:
    """Refuse what is no manifest of the organisation; when it is dated, where it says so."""
    try:
        manifest = json.loads(payload)
        ours = canonical(manifest) == payload
    except (ValueError, RecursionError):
        raise SigningError("the manifest is not canonical JSON") from None
    if not ours or not isinstance(manifest, dict):
        raise SigningError("the manifest is not a canonical JSON object")
    if manifest.get("schema") != MANIFEST_SCHEMA or manifest.get("organisation") != str(organisation):
        raise SigningError(f"a manifest names schema {MANIFEST_SCHEMA!r} and the organisation that signs")
    if "at" not in manifest:
        return None
    try:
        return datetime.fromisoformat(manifest["at"]).astimezone(UTC)
    except (ValueError, TypeError):
        raise SigningError("the time of the manifest can't be read") from None


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise SigningError(f"{text!r} is not the identifier of an organisation") from None


def _bytes(message: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(message[name], validate=True)
    except (KeyError, ValueError, TypeError):
        raise SigningError(f"the message lacks {name!r} as base64") from None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
