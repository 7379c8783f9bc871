"""Passwords and keys of this machine: random, created once, each in a file of mode 0600."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path

from ops.settings import OpsSettings

BITS = 256


class Credentials:
    """The secrets in one folder. A missing secret is created when it is first read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, name: str) -> str:
        """Return the secret of this name: 256 random bits as text."""
        path = self.path(name)
        if not path.exists():
            keep(path, secrets.token_urlsafe(BITS // 8))
        return path.read_text()

    def fernet(self, name: str) -> str:
        """Return a key in the format of Fernet."""
        path = self.path(name)
        if not path.exists():
            keep(path, urlsafe_b64encode(secrets.token_bytes(BITS // 8)).decode())
        return path.read_text()

    def path(self, name: str) -> Path:
        """Return the file of the secret."""
        return self.folder / name


def of(settings: OpsSettings) -> Credentials:
    """Return the secrets of this platform."""
    settings.make_folders()
    return Credentials(settings.secrets)


def keep(path: Path, content: str) -> None:
    """Write a file of mode 0600 atomically."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    unfinished.replace(path)


def open_folders(folders: Iterable[Path]) -> list[Path]:
    """Return the folders that other users can enter or list."""
    return [folder for folder in folders if folder.exists() and folder.stat().st_mode & 0o077]


def exposed(folder: Path) -> list[Path]:
    """Return the paths that other users can read: the folder must be 0700, its files 0600."""
    if not folder.exists():
        return []
    inside = [path for path in folder.iterdir() if path.stat().st_mode & 0o177]
    return [folder, *inside] if folder.stat().st_mode & 0o077 else inside
