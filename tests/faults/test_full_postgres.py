"""Postgres' disk is full: nothing more is acknowledged, lists are read; with room it goes on."""

import itertools
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from ops.machine.postgres import Server
from serving.api import problems
from serving.storage import database
from serving.users import feedback
from serving.users.feedback import Event
from tests.support import invariants
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, free_port, start_server

DATASET = "shop"
DISK = "160m"
ROOM = 400_000  # bytes that the ballast leaves free
SECONDS = 60


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a file system of `DISK` bytes."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-full-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "lantern", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)  # noqa: S603
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607
    folder.rmdir()


def rate(engine: Engine, number: int) -> None:
    event = Event("rate", f"u{number}", "a", 7.0, idempotency_key=str(number))
    with engine.begin() as connection:
        feedback.accept(connection, event, sent_by="test")


def rate_until_it_fails(engine: Engine) -> int:
    """Return how many events were acknowledged before the disk was full."""
    for n in itertools.count():
        try:
            rate(engine, n)
        except OperationalError:
            return n
    raise AssertionError


def answer(engine: Engine, number: int) -> dict[str, str]:
    """Return the problem that the API makes of an event that is not stored."""
    app = FastAPI()
    problems.install(app)
    app.put("/")(lambda: rate(engine, number))
    response = TestClient(app).put("/")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    problem: dict[str, str] = response.json()
    return problem


def test_a_full_disk_of_postgres_loses_nothing_and_it_goes_on_with_room(small_disk: Path) -> None:
    server = Server(small_disk / "postgres", free_port(), secrets.token_urlsafe(16))
    process = start_server(server)
    url = create_database(server.url("postgres"), "full")
    database.migrate(url, DATASET)
    database.grant(url, DATASET)
    owner, api = database.connect(url, DATASET), database.connect(as_role(url, "api"), DATASET)
    try:
        live = shop.release(owner, "one", instead_of=None)
        ballast = small_disk / "ballast"
        free = shutil.disk_usage(small_disk).free
        with ballast.open("wb") as file:
            for _ in range(0, free - ROOM, 2**16):
                file.write(bytes(2**16))

        acknowledged = rate_until_it_fails(api)
        assert acknowledged
        assert answer(api, acknowledged)["detail"].startswith("The disk of Postgres is full.")
        assert invariants.assert_served(owner) == live

        ballast.unlink()
        rate(api, acknowledged)  # the one without an answer
        with owner.connect() as connection:
            stored = connection.scalars(text("select idempotency_key from outbox")).all()
        assert sorted(stored, key=int) == [str(number) for number in range(acknowledged + 1)]
        assert shop.release(owner, "two", instead_of=live) != live
    finally:
        owner.dispose()
        api.dispose()
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
