"""Keys lie where only their owner reads them, and rotation keeps the past verifiable."""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

from atmpxb.records.signatures.keys import Keyring, KeyringError

LABORATORY = UUID(int=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys", clock=lambda: NOON)


def test_everything_is_readable_by_the_owner_alone(keyring: Keyring) -> None:
    keyring.enrol(LABORATORY, "Laboratory")
    modes = {path.stat().st_mode & 0o777 for path in keyring.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert all(p.stat().st_mode & 0o777 == 0o700 for p in (keyring.folder, *keyring.folder.rglob("*")) if p.is_dir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700])
def test_a_key_that_others_could_read_is_refused(keyring: Keyring, mode: int) -> None:
    keyring.enrol(LABORATORY, "Laboratory")
    next(keyring.folder.rglob("checkpoint-*.pem")).chmod(mode)
    with pytest.raises(KeyringError, match="chmod 0600"):
        keyring.checkpoint_key(LABORATORY)
    with pytest.raises(KeyringError, match="chmod 0600"):
        Keyring(keyring.folder)


def test_a_folder_that_others_could_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(KeyringError, match="chmod 0700"):
        Keyring(tmp_path / "keys")


def test_a_link_is_not_a_key(keyring: Keyring, tmp_path: Path) -> None:
    os.symlink(tmp_path, keyring.folder / "elsewhere")
    with pytest.raises(KeyringError, match="is a link"):
        Keyring(keyring.folder)


def test_the_seal_names_its_organisation_and_a_demo_says_so(keyring: Keyring) -> None:
    demo = keyring.enrol(LABORATORY, "Laboratory", demo=True)
    real = keyring.enrol(UUID(int=2), "Other")
    subjects = [x509.load_der_x509_certificate(i.seal_certificates[-1]).subject.rfc4514_string() for i in (demo, real)]
    assert "O=Laboratory" in subjects[0]
    assert "DEMO" in subjects[0]
    assert "DEMO" not in subjects[1]


def test_the_certificate_is_issued_by_the_authority_of_the_installation(keyring: Keyring) -> None:
    der = keyring.enrol(LABORATORY, "Laboratory").seal_certificates[-1]
    authority = x509.load_der_x509_certificate((keyring.folder / "authority" / "certificate.der").read_bytes())
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(authority)
    assert certificate.public_key().key_size == 3072
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_enrolling_again_changes_nothing(keyring: Keyring) -> None:
    assert keyring.enrol(LABORATORY, "Laboratory") == keyring.enrol(LABORATORY, "Laboratory")
    with pytest.raises(KeyringError, match="demo mark differs"):
        keyring.enrol(LABORATORY, "Laboratory", demo=True)


def test_rotation_keeps_old_public_halves_and_deletes_old_private_ones(keyring: Keyring) -> None:
    before = keyring.enrol(LABORATORY, "Laboratory")
    after = keyring.rotate(LABORATORY, before.checkpoint_keys[-1].id)
    assert after.checkpoint_keys[0].public == before.checkpoint_keys[0].public
    assert after.checkpoint_keys[0].until == "2026-11-20T12:00:00Z"
    assert after.checkpoint_keys[1].until is None
    assert after.seal_certificates[0] == before.seal_certificates[0]
    assert len(list(keyring.folder.rglob("checkpoint-*.pem"))) == 1
    assert keyring.checkpoint_key(LABORATORY)[0] == after.checkpoint_keys[1].id
    der, key = keyring.seal_key(LABORATORY)
    assert der == after.seal_certificates[1]
    from cryptography.hazmat.primitives import hashes

    signature = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    x509.load_der_x509_certificate(der).public_key().verify(signature, b"x", padding.PKCS1v15(), hashes.SHA256())


def test_an_unknown_organisation_is_told_to_enrol(keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="enrol it first"):
        keyring.identity(LABORATORY)
