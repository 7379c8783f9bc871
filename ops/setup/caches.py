"""Folders of this user that several checkouts share: what was downloaded once is kept there.

Only the standard library is imported: set-up uses this module before packages are installed.
"""

import os
from pathlib import Path


def folder(name: str) -> Path | None:
    """Return a folder of Lantern in the user's cache, or None if it cannot be written.

    That is so if the home is read-only, or if the user has none.
    """
    base = root()
    if base is None:
        return None
    path = base / "lantern" / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return path if os.access(path, os.W_OK) else None


def root() -> Path | None:
    """Return the folder of the user's caches, which may not exist; None without a home."""
    chosen = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 # it raises no error
    return Path(chosen) if Path(chosen).is_absolute() else None


def home() -> Path | None:
    """Return the user's home, or None: a user id may have no name and HOME may be unset."""
    try:
        return Path.home()
    except RuntimeError:
        return None
