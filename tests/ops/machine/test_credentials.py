from pathlib import Path

from ops.machine import credentials
from ops.settings import OpsSettings


def test_a_secret_is_made_once_and_nobody_else_reads_it(settings: OpsSettings) -> None:
    secrets = credentials.of(settings)
    first = secrets.of("api")
    assert len(first) >= 43
    assert secrets.of("api") == first != secrets.of("publisher")
    assert settings.secrets.stat().st_mode & 0o777 == 0o700
    assert secrets.path("api").stat().st_mode & 0o777 == 0o600
    assert credentials.exposed(settings.secrets) == []


def test_a_fernet_key_is_one(settings: OpsSettings) -> None:
    from cryptography.fernet import Fernet

    key = credentials.of(settings).fernet("key")
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"
    assert credentials.of(settings).fernet("key") == key


def test_an_open_file_and_an_open_folder_are_found(settings: OpsSettings) -> None:
    secrets = credentials.of(settings)
    secrets.of("api")
    secrets.path("api").chmod(0o644)
    settings.secrets.chmod(0o755)
    assert credentials.exposed(settings.secrets) == [settings.secrets, secrets.path("api")]


def test_no_folder_exposes_nothing(tmp_path: Path) -> None:
    assert credentials.exposed(tmp_path / "none") == []


def test_folders_are_private_even_if_they_existed(settings: OpsSettings) -> None:
    settings.folder.mkdir()
    settings.folder.chmod(0o755)
    settings.lake.mkdir()
    settings.lake.chmod(0o755)

    settings.make_folders()

    assert settings.folder.stat().st_mode & 0o777 == 0o711
    assert credentials.open_folders(settings.private) == []
