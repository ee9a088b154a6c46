"""The signing process signs what it understands and nothing else, and is missed clearly when it is not there."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.checkpoint import checkpoint, signed_by
from atmpxb.records.signatures import cms, trust
from atmpxb.records.signatures.keys import Keyring
from atmpxb.records.signatures.signing import (
    NoKeys,
    SigningClient,
    SigningError,
    SigningProcess,
    manifest_signed_by,
    socket_path,
)
from quality.proof import laboratory

LABORATORY = laboratory.LABORATORY
OTHER = UUID(int=99)
POINT = checkpoint(LABORATORY, [bytes(32)], datetime(2026, 11, 20, tzinfo=UTC)).payload()
MANIFEST = canonical({"schema": "atmpxb.manifest/1", "organisation": str(LABORATORY), "values": ["98.3"]})


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningClient]:
    with laboratory.signing(tmp_path_factory.mktemp("home")) as client:
        client.enrol(OTHER, "Other laboratory")
        yield client


def test_a_checkpoint_is_signed_by_the_key_it_names(client: SigningClient) -> None:
    signed = client.sign_checkpoint(LABORATORY, POINT)
    key = client.identity(LABORATORY).checkpoint_keys[-1]
    assert signed.key_id == key.id
    assert signed_by(Ed25519PublicKey.from_public_bytes(key.public), POINT, signed.signature)
    assert not manifest_signed_by(key.public, POINT, signed.signature), "one purpose never passes for another"


def test_a_manifest_is_signed(client: SigningClient) -> None:
    signed = client.sign_manifest(LABORATORY, MANIFEST)
    public = client.identity(LABORATORY).checkpoint_keys[-1].public
    assert manifest_signed_by(public, MANIFEST, signed.signature)
    assert not manifest_signed_by(public, MANIFEST.replace(b"98.3", b"98.4"), signed.signature)


@pytest.mark.parametrize("payload", [b"", b"{}", MANIFEST, POINT + b" ", b"[" * 50_000, b"\xff"])
def test_only_a_checkpoint_is_signed_as_one(client: SigningClient, payload: bytes) -> None:
    with pytest.raises(SigningError):
        client.sign_checkpoint(LABORATORY, payload)


@pytest.mark.parametrize("payload", [b"", b"{}", POINT, MANIFEST + b"\n", b"[]", MANIFEST.replace(b":[", b": [")])
def test_only_a_manifest_is_signed_as_one(client: SigningClient, payload: bytes) -> None:
    with pytest.raises(SigningError):
        client.sign_manifest(LABORATORY, payload)


def test_nobody_signs_for_another_organisation(client: SigningClient) -> None:
    with pytest.raises(SigningError, match="another organisation"):
        client.sign_checkpoint(OTHER, POINT)
    with pytest.raises(SigningError, match="organisation that signs"):
        client.sign_manifest(OTHER, MANIFEST)
    certificate = client.identity(LABORATORY).seal_certificates[-1]
    with pytest.raises(SigningError, match="another certificate"):
        client.sign_seal(OTHER, cms.signed_attributes(certificate, bytes(32)))


def test_only_the_attributes_of_a_seal_are_signed_as_such(client: SigningClient) -> None:
    attributes = cms.signed_attributes(client.identity(LABORATORY).seal_certificates[-1], bytes(32))
    assert len(client.sign_seal(LABORATORY, attributes)) == 384
    for wrong in (
        b"",
        POINT,
        attributes + b"\0",
        attributes[:-1],
        attributes.replace(b"\x04\x20", b"\x04\x21", 1),
    ):
        with pytest.raises(SigningError):
            client.sign_seal(LABORATORY, wrong)


def test_without_keys_the_answer_is_to_enrol(client: SigningClient) -> None:
    with pytest.raises(NoKeys, match="enrol it first"):
        client.identity(UUID(int=12345))


def test_garbage_on_the_socket_harms_nobody(client: SigningClient) -> None:
    for message in (
        b"",
        b"\0",
        struct.pack(">I", 2**32 - 1),
        struct.pack(">I", 4) + b"nope",
        struct.pack(">I", 9),
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(client.path))
            connection.sendall(message)
    assert client.identity(LABORATORY).demo


def test_the_socket_is_the_owners_alone_and_taken_once(client: SigningClient, tmp_path: Path) -> None:
    assert client.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SigningError, match="already"):
        SigningProcess(Keyring(tmp_path / "keys"), client.path)


def test_when_it_does_not_run_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="the signing process is not running: nothing answers on"):
        SigningClient(tmp_path / "signer.sock").identity(LABORATORY)


def test_the_command_starts_signs_and_stops_cleanly_even_after_a_kill(tmp_path: Path) -> None:
    home = tmp_path / ("a" * 110)  # longer than a socket address may be
    home.mkdir(mode=0o700)
    run = [
        sys.executable,
        "-c",
        "from atmpxb.platform.commands.signer import command; command()",
        "--home",
        str(home),
    ]

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True, env={**os.environ, "COVERAGE_FILE": ""})
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        return process

    killed = start()
    client = SigningClient(socket_path(home))
    before = client.enrol(LABORATORY, "Laboratory")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    again = start()
    assert client.identity(LABORATORY) == before
    began = time.monotonic()
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=10)
    assert again.returncode == 0
    assert time.monotonic() - began < 5
    assert not socket_path(home).exists()


def test_a_trust_list_reads_back_and_refuses_what_does_not_fit(client: SigningClient) -> None:
    identity = client.identity(LABORATORY)
    seats = {LABORATORY: trust.Seat("Street 1, Town", "BE"), OTHER: trust.Seat("", "NL")}
    content = trust.build([identity, client.identity(OTHER)], seats, datetime(2026, 11, 20, tzinfo=UTC))
    found = trust.parse(content).organisation(LABORATORY)
    assert found is not None
    assert tuple(seal.der for seal in found.seals) == identity.seal_certificates
    assert found.seat == seats[LABORATORY]
    key = identity.checkpoint_keys[-1]
    assert found.checkpoint_key(key.id, laboratory.NOON) == key
    assert found.checkpoint_key(key.id, datetime(2020, 1, 1, tzinfo=UTC)) is None
    public = key.public.hex().encode()
    listed = json.loads(content)
    doubled = [
        {**listed, "organisations": [*listed["organisations"], listed["organisations"][0]]},
        {**listed, "organisations": [{**one, "seals": one["seals"] * 2} for one in listed["organisations"]]},
        {
            **listed,
            "organisations": [
                {**one, "checkpoint_keys": one["checkpoint_keys"] * 2} for one in listed["organisations"]
            ],
        },
        {**listed, "organisations": [{**one, "address": None} for one in listed["organisations"]]},
    ]
    for wrong in (
        *(json.dumps(one).encode() for one in doubled), b"", b"{}", b"[" * 50_000, content.replace(b"trust/1", b"trust/2"),
        content.replace(public, public[::-1]), content.replace(b"BEGIN CERT", b"BEGIN DIRT", 1),
        content.replace(str(OTHER).encode(), str(LABORATORY).encode()),
    ):  # fmt: skip
        with pytest.raises(trust.NotATrustList):
            trust.parse(wrong)
