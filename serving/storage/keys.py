"""API keys: created here, shown once, stored as a digest. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from serving.errors import ScopeMissingError
from serving.schemas import KeyScope
from serving.tables import ApiKey

Scope = KeyScope
DEMO = "demo"  # the name of the app's own key, which `lantern up` creates

_KEYS = select(ApiKey.name, ApiKey.scopes, ApiKey.created_at)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key of a data set, without its secret."""

    name: str
    scopes: frozenset[str]
    created_at: datetime

    def must_have(self, scope: Scope) -> None:
        """Check the scope.

        Raises:
            ScopeMissingError: the key lacks it.
        """
        if scope not in self.scopes:
            raise ScopeMissingError(f"The key has no scope {scope!r}.")


def create(session: Session, name: str, scopes: Iterable[Scope]) -> str:
    """Return a new key of 256 random bits. It replaces a key of the same name."""
    key = secrets.token_urlsafe(32)
    revoke(session, name)
    session.add(ApiKey(digest=digest(key), name=name, scopes=sorted(scopes)))
    session.flush()
    return key


def revoke(session: Session, name: str) -> bool:
    """Delete the key with this name and return whether it existed."""
    deleted = session.execute(delete(ApiKey).where(ApiKey.name == name).returning(ApiKey.digest))
    return deleted.first() is not None


def digest(key: str) -> str:
    """Return the SHA-256 of a key. It needs no salt, because the key is random."""
    return hashlib.sha256(key.encode()).hexdigest()


def find(connection: Connection, digest: str) -> KnownKey | None:
    """Return the key with this digest, or None."""
    row = connection.execute(_KEYS.where(ApiKey.digest == digest)).one_or_none()
    return None if row is None else _key(*row)


def is_valid(connection: Connection, key: KnownKey) -> bool:
    """Return whether a key still exists: it was neither revoked nor replaced since it was found."""
    same = ApiKey.name == key.name, ApiKey.created_at == key.created_at
    return connection.execute(select(ApiKey.name).where(*same)).one_or_none() is not None


def named(session: Session, name: str) -> KnownKey | None:
    """Return the key with this name, or None."""
    row = session.execute(_KEYS.where(ApiKey.name == name)).one_or_none()
    return None if row is None else _key(*row)


def list_all(session: Session) -> list[KnownKey]:
    """Return the data set's keys by name."""
    return [_key(*row) for row in session.execute(_KEYS.order_by(ApiKey.name))]


def _key(name: str, scopes: list[str], created_at: datetime) -> KnownKey:
    return KnownKey(name, frozenset(scopes), created_at)
