"""Runs gorse as its documentation says: one process, with Postgres for data and lists.

Build it from its public source with Go (docs/benchmarks.md names the commit):

    go build -o gorse-in-one ./cmd/gorse-in-one

It needs the extension btree_gin, so it runs with the server of Debian's package postgresql.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.api_read import is_listening
from ops.settings import HOST
from tests.support.serving.server import free_port

BINARIES = Path("/usr/lib/postgresql")
BATCH = 10_000  # events per request
# the defaults of its config.toml, except for fewer epochs and no search for parameters
CONFIG = """
[database]
data_store = "{url}"
cache_store = "{url}"
[master]
host = "{host}"
port = {rpc_port}
http_host = "{host}"
http_port = {port}
n_jobs = 2
[recommend]
cache_size = {length}
[recommend.data_source]
positive_feedback_types = ["rating>=4"]
read_feedback_types = ["rating"]
[recommend.collaborative]
type = "mf"
fit_epoch = 20
[recommend.ranker]
type = "fm"
fit_epoch = 20
recommenders = ["collaborative", "latest"]
[recommend.fallback]
recommenders = ["collaborative", "latest"]
[blob]
uri = "{folder}/blob"
"""


@contextmanager
def debian_postgres(folder: Path) -> Iterator[str]:
    """Yield the URL of a database on Debian's newest Postgres, with fsync."""
    bin_folder = max(BINARIES.iterdir()) / "bin"
    data, port = folder / "postgres", free_port()
    folder.chmod(0o755)
    data.mkdir()
    run_as: dict[str, object] = {}
    if os.geteuid() == 0:
        run_as = {"user": "postgres", "group": "postgres"}
        os.chown(data, *_identity())
    quiet = {"stdout": subprocess.DEVNULL, "cwd": "/", **run_as}
    initialise = [bin_folder / "initdb", "-D", data, "-U", "gorse", "--auth", "trust"]
    subprocess.run(initialise, check=True, **quiet)  # type: ignore[call-overload] # noqa: S603 # no input
    settings = {
        "port": port,
        "listen_addresses": HOST,
        "unix_socket_directories": data,
        "max_connections": 200,
        "log_min_messages": "fatal",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen([bin_folder / "postgres", "-D", data, *options], **quiet)  # type: ignore[call-overload] # noqa: S603 # no input
    try:
        _wait(lambda: is_listening(port))
        yield f"postgres://gorse@{HOST}:{port}/postgres?sslmode=disable"
    finally:
        server.terminate()
        server.wait(timeout=60)


@contextmanager
def running(
    binary: Path, url: str, folder: Path, *, length: int
) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the address and process id of a running gorse, with lists of this length."""
    port = free_port()
    config = folder / "config.toml"
    values = {"url": url, "host": HOST, "port": port, "rpc_port": free_port(), "length": length}
    config.write_text(CONFIG.format(folder=folder, **values))
    command: list[str | Path] = [binary, "-c", config, "--cache-path", folder / "cache"]
    (folder / "cache").mkdir(exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 # the binary is an argument
        command,
        env=os.environ | {"HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: is_listening(port))
        yield (HOST, port), process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def send(address: tuple[str, int], path: str, rows: list[dict[str, object]]) -> None:
    """Send rows to a bulk route of gorse."""
    http = HTTPConnection(*address, timeout=600)
    for start in range(0, len(rows), BATCH):
        body = json.dumps(rows[start : start + BATCH])
        http.request("POST", path, body, {"Content-Type": "application/json"})
        answer = http.getresponse()
        body_read = answer.read()
        if answer.status >= 300:  # noqa: PLR2004 # not a success
            raise RuntimeError(f"status {answer.status}: {body_read[:200]!r}")


def items(n: int) -> list[dict[str, object]]:
    """Return items in the format of gorse."""
    fields = {"IsHidden": False, "Categories": ["Drama"], "Timestamp": _now()}
    return [fields | {"ItemId": str(i), "Comment": f"The title of film {i}"} for i in range(n)]


def rating(user: int, item: int, stars: float) -> dict[str, object]:
    """Return a rating in the format of gorse."""
    ids = {"FeedbackType": "rating", "UserId": str(user), "ItemId": str(item)}
    return ids | {"Value": stars, "Timestamp": _now()}


def wait_for_lists(url: str, users: int, *, timeout: float) -> None:
    """Wait until gorse has stored lists for this number of users."""
    engine = create_engine(url.replace("postgres://", "postgresql+psycopg2://", 1))
    n_lists = text("select count(distinct subset) from documents where collection = 'recommend'")

    def has_all() -> bool:
        with engine.connect() as connection:
            return (connection.scalar(n_lists) or 0) >= users

    _wait(has_all, timeout=timeout, pause=2)
    engine.dispose()


def wait_until_idle(pid: int, *, timeout: float) -> None:
    """Wait until gorse has used less than a tenth of a core for three seconds."""
    seconds = [0.0, 0.0, 0.0, cpu_seconds([pid])]

    def idle() -> bool:
        seconds.append(cpu_seconds([pid]))
        return seconds[-1] - seconds[-4] < 0.3  # noqa: PLR2004 # a tenth of three seconds

    _wait(idle, timeout=timeout, pause=1)


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the processor time of these processes and their children, in seconds."""
    processes = [_stat(folder) for folder in Path("/proc").glob("[0-9]*")]
    ticks = [
        process_ticks for pid, parent, process_ticks in processes if pid in roots or parent in roots
    ]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _stat(folder: Path) -> tuple[int, int, int]:
    """Return the ids of a process and its parent, and its clock ticks in user and system mode."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # the process has ended
        return 0, 0, 0
    return int(folder.name), int(fields[1]), int(fields[11]) + int(fields[12])


def postmaster(data: Path) -> int:
    """Return the process id of the Postgres server on a data folder."""
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _wait(done: Callable[[], bool], *, timeout: float = 60, pause: float = 0.1) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)


def _identity() -> tuple[int, int]:
    import pwd

    user = pwd.getpwnam("postgres")
    return user.pw_uid, user.pw_gid
