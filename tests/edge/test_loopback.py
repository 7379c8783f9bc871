"""Our clients reach our programs on loopback, whatever proxy the environment names."""

import importlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from airflow_api.client import Airflow
from ops.machine import health
from tests.support.http_server import serving

NOWHERE = "http://127.0.0.1:9"


class Program(BaseHTTPRequestHandler):
    """Answers every request with a list of no DAGs."""

    def do_GET(self) -> None:
        body = b'{"dags": [], "total_entries": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a program, in an environment with a proxy that answers nothing."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(Program) as url:
        yield url


def asked_of_airflow(url: str) -> bool:
    return Airflow(url, token="t").dags() == {}  # noqa: S106 # no secret


def asked_of_any_program(url: str) -> bool:
    importlib.reload(health)  # as if it were first imported now
    return health.answers(url)


@pytest.mark.parametrize("ask", [asked_of_airflow, asked_of_any_program])
def test_a_program_on_loopback_is_reached(program: str, ask: Callable[[str], bool]) -> None:
    assert ask(program)
