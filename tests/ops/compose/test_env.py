"""What docker-compose.yml runs of ours: its secrets, its set-up, its health checks."""

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg2
import pytest

from ops.compose import env, init
from ops.compose.health import is_healthy
from ops.machine.postgres import Server
from ops.settings import HOST, OpsSettings
from warehouse import datasets


def test_every_secret_is_long_and_its_own() -> None:
    made = env.fresh()
    assert len(set(made.values())) == len(made)
    assert min(map(len, made.values())) >= 43  # 256 bits
    assert made != env.fresh()


def test_the_file_of_secrets_is_ours_alone_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "compose.env"
    assert set(env.write(path)) == set(env.fresh())
    before = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert env.write(path) == []
    assert path.read_text() == before


def test_a_secret_that_is_missing_is_added(tmp_path: Path) -> None:
    path = tmp_path / "compose.env"
    env.write(path)
    first, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join(others))
    assert env.write(path) == [first.partition("=")[0]]


def test_it_needs_the_standard_library_only(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    for module in ("env", "health"):
        code = f"import sys; sys.path.insert(0, {str(root)!r}); import ops.compose.{module}"
        command = [sys.executable, "-I", "-S", "-c", code]
        subprocess.run(command, check=True, cwd=tmp_path)  # noqa: S603


def test_set_up_makes_what_the_services_need_and_can_be_repeated(
    server: Server, settings: OpsSettings
) -> None:
    settings.make_folders()
    secrets = init.EnvironmentCredentials(env.fresh() | {"PASSWORD_POSTGRES": server.password})
    for _ in range(2):
        init.set_up_postgres(HOST, server.port, secrets, settings)
    kept = json.loads(settings.demo_keys.read_text())
    assert set(kept) == {dataset.name for dataset in datasets.installed()}
    url = f"host={HOST} port={server.port} dbname=lantern user=api password={secrets.of('api')}"
    opened = psycopg2.connect(url)
    try:
        with opened.cursor() as cursor:
            cursor.execute("select count(*) from playground.recommendations")
            assert cursor.fetchone() == (0,)
    finally:
        opened.close()


class Airflow(BaseHTTPRequestHandler):
    """Answers as Airflow's health page does."""

    def do_GET(self) -> None:
        if self.path != "/health":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        parts = {"scheduler": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}}
        self.wfile.write(json.dumps(parts).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer((HOST, 0), Airflow) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("address", "part", "healthy"),
    [
        ("http://{}/health", None, True),
        ("http://{}/health", "scheduler", True),
        ("http://{}/health", "triggerer", False),
        ("http://{}/health", "dag_processor", False),
        ("http://{}/nothing", None, False),
        ("tcp://{}", None, True),
        ("tcp://127.0.0.1:1", None, False),
        ("http://127.0.0.1:1/health", None, False),
    ],
)
def test_health_is_what_the_program_says(
    port: int,
    address: str,
    part: str | None,
    healthy: bool,  # noqa: FBT001 # pytest's
) -> None:
    assert is_healthy(address.format(f"{HOST}:{port}"), part) is healthy
