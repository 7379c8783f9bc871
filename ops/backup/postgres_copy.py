"""A copy of the whole Postgres server while it runs, by `pg_basebackup`.

A dump per database would not suffice: the lake records the number of the last transaction whose
events it has collected, and a new server counts transactions from the beginning.
"""

import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from ops.backup.archive import BackupError, Writer
from ops.machine import postgres
from ops.machine.airflow.config import RESTORED
from ops.machine.postgres import SUPERUSER, Server
from ops.machine.postgres_clients import AUTHENTICATED_VARIABLE
from ops.settings import HOST
from serving.storage.database import publication_lock

MEMBERS = {"base.tar.gz": "", "pg_wal.tar.gz": "pg_wal"}  # each with its folder in the data
_FOLDER = "postgres"
_LOCK = publication_lock("nspname")
_NO_PUBLICATION = f"select pg_advisory_lock({_LOCK}) from pg_namespace"  # noqa: S608 # our SQL
_ALTER_ROLE = "alter role {role} password '{password}';\n"
_AIRFLOW_IS_RESTORED = f"comment on database airflow is '{RESTORED}';\n"


@contextmanager
def no_publication(server: Server) -> Iterator[None]:
    """Wait for publications that have begun, and let others wait until this ends.

    Raises:
        BackupError: Postgres does not answer.
    """
    try:
        connected = postgres.connect(server, "lantern")
    except psycopg2.OperationalError as error:
        cause = str(error).strip()
        raise BackupError(f"Postgres does not answer: {cause}. Run `lantern up`") from error
    with closing(connected) as connection:
        connection.cursor().execute(_NO_PUBLICATION)
        yield


def add(writer: Writer, server: Server, folder: Path) -> None:
    """Add the server's data, copied through an empty `folder`.

    Raises:
        BackupError: `pg_basebackup` failed.
    """
    copied = folder / _FOLDER
    program = str(postgres.binaries(server.home) / "pg_basebackup")
    output = ["-D", str(copied), "-Ft", "-z", "-X", "stream", "--checkpoint=fast", "--no-manifest"]
    connection = ["--no-password", "-h", HOST, "-p", str(server.port), "-U", SUPERUSER]
    _run([program, *output, *connection], {"PGPASSWORD": server.password} | AUTHENTICATED_VARIABLE)
    for name in MEMBERS:
        writer.add(f"{_FOLDER}/{name}", copied / name)
    shutil.rmtree(copied)


def restore(extracted: Path, server: Server) -> None:
    """Make the server's data from the members of a backup. The server must have none.

    Raises:
        BackupError: a member is damaged. After any error no data is left.
    """
    unfinished = server.home / "unfinished"
    server.home.mkdir(parents=True, exist_ok=True)
    server.home.chmod(0o711)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        for name, target in MEMBERS.items():
            _unpack(extracted / _FOLDER / name, unfinished / target)
        _hand_over(unfinished)
        unfinished.rename(server.data)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def use_password(server: Server) -> None:
    """Set the superuser's password to this installation's. The backup's password is not needed.

    Airflow is set up again at the next start, with this installation's administrator.
    """
    password = server.password.replace("'", "''")
    statements = _ALTER_ROLE.format(role=SUPERUSER, password=password) + _AIRFLOW_IS_RESTORED
    program = postgres.binaries(server.home) / "postgres"
    _run([program, "--single", "-D", server.data, "postgres"], text=statements, as_user=True)


def _unpack(member: Path, folder: Path) -> None:
    try:
        with tarfile.open(member) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError(
            f"{member.name} of the backup is damaged: {error}. Use another backup"
        ) from error


def _hand_over(folder: Path) -> None:
    """Give the data to the user that runs the server, readable by nobody else."""
    user = postgres.run_as()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)


def _run(
    command: Sequence[str | Path],
    variables: Mapping[str, str] | None = None,
    *,
    text: str = "",
    as_user: bool = False,
) -> None:
    """Run a program of Postgres with this input, as its own user if `as_user`.

    Raises:
        BackupError: it failed; the message has its output.
    """
    identity = postgres.identity() if as_user else {}
    result = subprocess.run(  # type: ignore[call-overload] # noqa: S603 # programs of our Postgres
        command, env={**os.environ, **(variables or {})}, input=text, capture_output=True,
        text=True, check=False, **identity,
    )  # fmt: skip
    if result.returncode != 0 or "ERROR:" in result.stderr + result.stdout:
        output = (result.stderr + result.stdout).strip()
        raise BackupError(f"{Path(command[0]).name} failed: {output}. Run `lantern doctor`")
