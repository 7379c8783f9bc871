"""Products' API keys, created and revoked as the owner of the schema."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from sqlalchemy import text
from sqlalchemy.orm import Session

from ops.errors import OpsError
from ops.machine.database import DEMO, OWNER, transaction
from ops.machine.stack import Stack
from serving.storage import keys
from serving.storage.keys import KnownKey, Scope

SCOPES: tuple[Scope, ...] = get_args(Scope)
NAME = re.compile(r"[\w.-]{1,64}")


def add(stack: Stack, dataset: str, name: str, scopes: Sequence[str]) -> str:
    """Return a new key, which is not stored. It replaces an older key of the same name.

    Raises:
        OpsError: The name or a scope is invalid.
    """
    granted = [scope for scope in SCOPES if scope in scopes]
    if not granted or not {*scopes} <= {*SCOPES}:
        sent = ", ".join(scopes) or "none"
        raise OpsError(f"invalid scopes: {sent}. Choose from {', '.join(SCOPES)}")
    if not NAME.fullmatch(name):
        raise OpsError(f"invalid key name {name!r}: up to 64 letters, digits, `.`, `_` and `-`")
    if name == DEMO:
        raise OpsError(f"the key {DEMO!r} is reserved for the demo; choose another name")
    with _session(stack, dataset) as session:
        return keys.create(session, name, granted)


def every(stack: Stack, dataset: str) -> list[KnownKey]:
    """Return the data set's keys, sorted by name."""
    with _session(stack, dataset) as session:
        return keys.list_all(session)


def revoke(stack: Stack, dataset: str, name: str) -> None:
    """Delete the key of this name.

    Raises:
        OpsError: There is no such key. The message lists the keys.
    """
    with _session(stack, dataset) as session:
        if not keys.revoke(session, name):
            there = ", ".join(key.name for key in keys.list_all(session)) or "none"
            raise OpsError(f"{dataset} has no key {name!r}; its keys: {there}")


@contextmanager
def _session(stack: Stack, dataset: str) -> Iterator[Session]:
    url = stack.server.url("lantern", OWNER, stack.secrets.of(OWNER))
    with transaction(url, dataset) as session:
        if session.scalar(text("select to_regclass('api_keys')")) is None:
            raise OpsError(f"{dataset} has no schema yet: run `lantern up`")
        yield session
