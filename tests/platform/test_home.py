"""The home folder: where it lies, and who can look into it."""

import stat
from pathlib import Path

import pytest

from atmpxb.platform import home
from atmpxb.platform.home import Home


def test_the_folder_asked_for_wins_over_the_environment_and_that_over_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(home.VARIABLE, raising=False)
    assert home.locate() == Path(__file__).resolve().parents[2] / ".atmpxb"
    monkeypatch.setenv(home.VARIABLE, str(tmp_path / "from-environment"))
    assert home.locate() == tmp_path / "from-environment"
    assert home.locate(tmp_path / "asked") == tmp_path / "asked"


def test_only_the_owner_reads_keys_vault_and_logs(tmp_path: Path) -> None:
    here = Home(tmp_path / "home").create()
    here.keys.chmod(0o755)
    here.create()
    for folder in (here.keys, here.vault, here.logs, here.checkpoints):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not stat.S_IMODE(here.root.stat().st_mode) & 0o066


def test_raw_files_and_checkpoints_can_lie_on_other_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATMPXB_VAULT", str(tmp_path / "large" / "vault"))
    monkeypatch.setenv("ATMPXB_CHECKPOINTS", str(tmp_path / "apart" / "checkpoints"))
    here = Home(tmp_path / "home").create()
    assert (here.vault, here.checkpoints) == (tmp_path / "large" / "vault", tmp_path / "apart" / "checkpoints")
    assert stat.S_IMODE(here.vault.stat().st_mode) == stat.S_IMODE(here.checkpoints.stat().st_mode) == 0o700
    assert not {"vault", "checkpoints"} & {path.name for path in here.root.iterdir()}


def test_the_secret_is_made_once_and_closed(tmp_path: Path) -> None:
    here = Home(tmp_path / "home").create()
    secret = here.secret_key()
    assert len(secret) >= 64
    assert here.secret_key() == secret != Home(tmp_path / "other").create().secret_key()
    assert stat.S_IMODE((here.keys / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in here.keys.iterdir()] == ["secret_key"]
