"""Postgres is killed while events are written: every acknowledged one is there afterwards."""

import itertools
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from ops.errors import NotHealthyError
from ops.machine.postgres import Server
from serving.storage import database
from serving.users import feedback
from serving.users.feedback import Event
from tests.support import invariants
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, free_port, start_server

if TYPE_CHECKING:
    from subprocess import Popen

DATASET = "shop"
SECONDS = 60
N_BEFORE = 50  # acknowledged events, then the server is killed while more are written


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with the platform's settings: `fsync` is on."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-killed-"))
    yield Server(folder, free_port(), secrets.token_urlsafe(16))
    shutil.rmtree(folder)


def restarted(server: Server) -> "Popen[bytes]":
    """Start the server again; its killed processes may still hold the shared memory."""
    deadline = time.monotonic() + SECONDS
    while True:
        with suppress(NotHealthyError):
            return start_server(server)
        assert time.monotonic() < deadline


def rate(engine: Engine, number: int) -> None:
    event = Event("rate", f"u{number}", "a", 7.0, idempotency_key=str(number))
    with engine.begin() as connection:
        feedback.accept(connection, event, sent_by="test")


def rate_until_it_fails(engine: Engine, first: int) -> int:
    """Return how many events were acknowledged before the server was gone."""
    for n in itertools.count():
        try:
            rate(engine, first + n)
        except OperationalError:
            return n
    raise AssertionError


def test_every_acknowledged_event_survives_a_kill_of_postgres(server: Server) -> None:
    process = start_server(server)
    url = create_database(server.url("postgres"), "killed")
    database.migrate(url, DATASET)
    database.grant(url, DATASET)
    owner, api = database.connect(url, DATASET), database.connect(as_role(url, "api"), DATASET)
    live = shop.release(owner, "one", instead_of=None)
    for acknowledged in range(N_BEFORE):
        rate(api, acknowledged)
    killing = threading.Timer(0.05, process.kill)
    killing.start()
    acknowledged = N_BEFORE + rate_until_it_fails(api, N_BEFORE)
    process.wait(SECONDS)

    process = restarted(server)
    try:
        assert invariants.assert_served(owner) == live
        rate(api, acknowledged)  # the one without an answer
        with owner.connect() as connection:
            stored = connection.scalars(text("select idempotency_key from outbox")).all()
        assert sorted(stored, key=int) == [str(number) for number in range(acknowledged + 1)]
    finally:
        owner.dispose()
        api.dispose()
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
