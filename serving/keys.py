"""Products' keys: made here, shown once, kept as a digest. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from serving.models import ApiKey

Scope = Literal["read", "feedback", "operate"]


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


def scopes_of(connection: Connection, digest: str) -> frozenset[str]:
    """Return what the key of this digest may do; nothing if there is none."""
    found = connection.scalar(select(ApiKey.scopes).where(ApiKey.digest == digest))
    return frozenset(found or ())
