"""Digests of users' ids: the SHA-256 of `<data set>/<user id>`, as Postgres computes it too."""

import hashlib
from collections.abc import Collection
from functools import lru_cache

from jobs.ingestion.interpreting.values import SPACES

_CACHED_IDS = 100_000


def digest(dataset: str, user_id: str) -> str:
    """Return the digest of a user of the data set, hexadecimal."""
    return hashlib.sha256(f"{dataset}/{user_id}".encode()).hexdigest()


class ErasedUsers:
    """The erased users of a data set, by their digests."""

    def __init__(self, dataset: str, digests: Collection[str]) -> None:
        listed = frozenset(digests)

        @lru_cache(_CACHED_IDS)
        def find(user_id: str) -> str | None:
            own = digest(dataset, user_id)
            return own if own in listed else None

        self._find = find

    def find(self, user_id: str, *, as_sent: bool = False) -> str | None:
        """Return the digest of an erased user, or None if the user is not erased.

        `as_sent`: the id is a text of a source file, whose outer spaces do not count.
        """
        return self._find(user_id.strip(SPACES) if as_sent else user_id)
