"""Keys of products, made and taken back at the terminal, as the owner of the schema."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from sqlalchemy import text
from sqlalchemy.orm import Session

from ops.errors import OpsError
from ops.machine.database import DEMO, OWNER
from ops.machine.stack import Stack
from serving.storage import database as serving
from serving.storage import keys
from serving.storage.keys import KnownKey, Scope

SCOPES: tuple[Scope, ...] = get_args(Scope)
NAME = re.compile(r"[\w.-]{1,64}")


def add(stack: Stack, dataset: str, name: str, scopes: Sequence[str]) -> str:
    """Return a new key, which is kept nowhere; an older one of this name is valid no more.

    Raises:
        OpsError: the name is none that a key can have, or there is no such scope.
    """
    granted = [scope for scope in SCOPES if scope in scopes]
    if not granted or not {*scopes} <= {*SCOPES}:
        raise OpsError(f"a key may {', '.join(SCOPES)}; not {', '.join(scopes) or 'nothing'}")
    if not NAME.fullmatch(name):
        raise OpsError(f"{name!r} is no name of a key: letters, digits, `.`, `_`, `-`; at most 64")
    if name == DEMO:
        raise OpsError(f"the key {DEMO!r} is the platform's own; choose your product's name")
    with _session(stack, dataset) as session:
        return keys.create(session, name, granted)


def every(stack: Stack, dataset: str) -> list[KnownKey]:
    """Return the data set's keys by name."""
    with _session(stack, dataset) as session:
        return keys.list_all(session)


def revoke(stack: Stack, dataset: str, name: str) -> None:
    """Delete the key of this name.

    Raises:
        OpsError: there is none. The message lists those there are.
    """
    with _session(stack, dataset) as session:
        if not keys.revoke(session, name):
            there = ", ".join(key.name for key in keys.list_all(session)) or "none"
            raise OpsError(f"{dataset} has no key {name!r}; there are: {there}")


@contextmanager
def _session(stack: Stack, dataset: str) -> Iterator[Session]:
    url = stack.server.url("lantern", OWNER, stack.secrets.of(OWNER))
    engine = serving.connect(url, dataset)
    try:
        with Session(engine) as session, session.begin():
            if session.scalar(text("select to_regclass('api_keys')")) is None:
                raise OpsError(f"{dataset} has no schema yet: `lantern up` makes it")
            yield session
    finally:
        engine.dispose()
