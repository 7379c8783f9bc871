"""A Postgres server in a temporary folder, on a free port of loopback."""

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text

from ops.errors import NotHealthyError
from ops.machine import postgres
from ops.machine.postgres import Server
from ops.settings import HOST

POLL_SECONDS = 0.1
ROLES = ("lantern_owner", "publisher", "api")
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "500",  # the API of the test run keeps some per schema
}


@contextmanager
def temporary_server(settings: Mapping[str, str] = QUICK) -> Iterator[Server]:
    """Yield a running server; `settings` are added to its postgresql.conf."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-postgres-"))
    server = Server(folder, free_port(), secrets.token_urlsafe(16))
    try:
        postgres.initialise(server)
        with (server.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())
        process = start_server(server)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder)


def start_server(server: Server, *, timeout: float = 30) -> subprocess.Popen[bytes]:
    """Start a server as a child process and wait until it accepts connections."""
    postgres.initialise(server)
    with (server.home / "log").open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload] # noqa: S603
            server.command(), stderr=output, stdout=output, **postgres.identity()
        )
    deadline = time.monotonic() + timeout
    while not postgres.is_ready(server):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise NotHealthyError(f"Postgres did not start. Read {server.home / 'log'}")
        time.sleep(POLL_SECONDS)
    return process


def create_database(url: str, name: str) -> str:
    """Create a database that `lantern_owner` owns, with the three roles; return the owner's URL."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for role in ROLES:
            role_row = connection.execute(
                text("select from pg_roles where rolname = :role"), {"role": role}
            )
            if role_row.first() is None:
                connection.execute(text(f"create role {role} login password '{role}'"))
        connection.execute(text(f'create database "{name}" owner lantern_owner'))
        connection.execute(text(f'revoke all on database "{name}" from public'))
        connection.execute(text(f'grant connect on database "{name}" to publisher, api'))
    admin.dispose()
    return as_role(url, "lantern_owner", name)


def as_role(url: str, role: str, database: str | None = None) -> str:
    """Return the URL with another role and, if given, another database."""
    changed: URL = make_url(url).set(username=role, password=role)
    if database is not None:
        changed = changed.set(database=database)
    return changed.render_as_string(hide_password=False)


def free_port() -> int:
    """Return a port of loopback that is not in use."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
