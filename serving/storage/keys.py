"""Products' keys: made here, shown once, kept as a digest. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from serving.errors import ScopeMissingError
from serving.tables import ApiKey

Scope = Literal["read", "feedback", "operate"]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key of a data set, without the key itself."""

    name: str
    scopes: frozenset[str]
    created_at: datetime

    def must_have(self, scope: Scope) -> None:
        """Let pass in silence.

        Raises:
            ScopeMissingError: the key is good, but not for this.
        """
        if scope not in self.scopes:
            raise ScopeMissingError(f"The key has no scope {scope!r}.")


def create(session: Session, name: str, scopes: Iterable[Scope]) -> str:
    """Return a new key of 256 random bits. An older key of this name is valid no more."""
    key = secrets.token_urlsafe(32)
    revoke(session, name)
    session.add(ApiKey(digest=digest(key), name=name, scopes=sorted(scopes)))
    session.flush()
    return key


def revoke(session: Session, name: str) -> bool:
    """Delete the key of this name, and return whether there was one."""
    found = session.execute(delete(ApiKey).where(ApiKey.name == name).returning(ApiKey.digest))
    return found.first() is not None


def digest(key: str) -> str:
    """Return what is stored of a key. It needs no salt: the key itself is random."""
    return hashlib.sha256(key.encode()).hexdigest()


def find(connection: Connection, digest: str) -> KnownKey | None:
    """Return the key of this digest, or None if there is none."""
    found = connection.execute(_KNOWN.where(ApiKey.digest == digest)).one_or_none()
    return None if found is None else _key(*found)


def list_all(session: Session) -> list[KnownKey]:
    """Return the data set's keys by name."""
    return [_key(*row) for row in session.execute(_KNOWN.order_by(ApiKey.name))]


_KNOWN = select(ApiKey.name, ApiKey.scopes, ApiKey.created_at)


def _key(name: str, scopes: list[str], created_at: datetime) -> KnownKey:
    return KnownKey(name, frozenset(scopes), created_at)
