"""gorse as its own documentation sets it up: one process, Postgres for its data and its lists.

Build it from its public source with Go (the figures in docs/benchmarks.md say which commit):

    go build -o gorse-in-one ./cmd/gorse-in-one

It asks Postgres for the extension btree_gin, so it gets a server of Debian's package postgresql.
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
AT_ONCE = 10_000  # events in one request
# The defaults of its config.toml, but for what is named: epochs, and no search for parameters.
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
    """Yield the URL of a database on a server of Debian's newest version; fsync is on."""
    bin_folder = max(BINARIES.iterdir()) / "bin"
    data, port = folder / "postgres", free_port()
    folder.chmod(0o755)
    data.mkdir()
    nobody: dict[str, object] = {}
    if os.geteuid() == 0:
        nobody = {"user": "postgres", "group": "postgres"}
        os.chown(data, *_identity())
    quiet = {"stdout": subprocess.DEVNULL, "cwd": "/", **nobody}
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
    """Yield address and process id of a gorse with lists of this length; it answers."""
    port = free_port()
    config = folder / "config.toml"
    named = {"url": url, "host": HOST, "port": port, "rpc_port": free_port(), "length": length}
    config.write_text(CONFIG.format(folder=folder, **named))
    command: list[str | Path] = [binary, "-c", config, "--cache-path", folder / "cache"]
    (folder / "cache").mkdir(exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 # a binary that the caller named
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


def tell(address: tuple[str, int], path: str, rows: list[dict[str, object]]) -> None:
    """Send rows to one of its bulk routes."""
    http = HTTPConnection(*address, timeout=600)
    for start in range(0, len(rows), AT_ONCE):
        body = json.dumps(rows[start : start + AT_ONCE])
        http.request("POST", path, body, {"Content-Type": "application/json"})
        answer = http.getresponse()
        said = answer.read()
        if answer.status >= 300:  # noqa: PLR2004 # whatever is no success
            raise RuntimeError(f"status {answer.status}: {said[:200]!r}")


def items(n: int) -> list[dict[str, object]]:
    """Return items as gorse takes them."""
    about = {"IsHidden": False, "Categories": ["Drama"], "Timestamp": _now()}
    return [about | {"ItemId": str(i), "Comment": f"The title of film {i}"} for i in range(n)]


def rated(user: int, item: int, stars: float) -> dict[str, object]:
    """Return a rating as gorse takes it."""
    who = {"FeedbackType": "rating", "UserId": str(user), "ItemId": str(item)}
    return who | {"Value": stars, "Timestamp": _now()}


def wait_for_lists(url: str, users: int, *, timeout: float) -> None:
    """Wait until gorse has stored a list for each of so many people."""
    engine = create_engine(url.replace("postgres://", "postgresql+psycopg2://", 1))
    made = text("select count(distinct subset) from documents where collection = 'recommend'")

    def all_there() -> bool:
        with engine.connect() as connection:
            return (connection.scalar(made) or 0) >= users

    _wait(all_there, timeout=timeout, pause=2)
    engine.dispose()


def wait_until_idle(pid: int, *, timeout: float) -> None:
    """Wait until gorse has taken less than a tenth of a core for three seconds."""
    seconds = [0.0, 0.0, 0.0, cpu_seconds([pid])]

    def idle() -> bool:
        seconds.append(cpu_seconds([pid]))
        return seconds[-1] - seconds[-4] < 0.3  # noqa: PLR2004 # a tenth of three seconds

    _wait(idle, timeout=timeout, pause=1)


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the processor time that these processes and their children have had."""
    found = [_stat(folder) for folder in Path("/proc").glob("[0-9]*")]
    own = [ticks for pid, parent, ticks in found if pid in roots or parent in roots]
    return sum(own) / os.sysconf("SC_CLK_TCK")


def _stat(folder: Path) -> tuple[int, int, int]:
    """Return a process' id, its parent's, and its ticks of user and system."""
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0, 0, 0
    return int(folder.name), int(fields[1]), int(fields[11]) + int(fields[12])


def postmaster(data: Path) -> int:
    """Return the process id of the Postgres of a data folder."""
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _wait(done: Callable[[], bool], *, timeout: float = 60, pause: float = 0.1) -> None:
    until = time.monotonic() + timeout
    while not done():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(pause)


def _identity() -> tuple[int, int]:
    import pwd

    found = pwd.getpwnam("postgres")
    return found.pw_uid, found.pw_gid
