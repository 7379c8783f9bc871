"""The health of a program is the health of our own, however late it answers."""

import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from ops.errors import PortTakenError
from ops.machine import health, processes
from ops.machine.ports import USUAL, Ports
from ops.machine.postgres import Server
from ops.machine.processes import Process
from ops.settings import OpsSettings
from tests.support.http_server import serving


class SlowAirflow(BaseHTTPRequestHandler):
    """Answers late, and says that its scheduler is healthy."""

    seconds = 0.3

    def do_GET(self) -> None:
        time.sleep(self.seconds)
        body = b'{"scheduler": {"status": "healthy"}, "triggerer": null}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def ports() -> Iterator[Ports]:
    with serving(SlowAirflow) as url:
        port = urlsplit(url).port
        assert port is not None
        yield Ports(**{**USUAL, "airflow": port})


def test_a_slow_airflow_is_waited_for_longer_than_it_takes(
    settings: OpsSettings, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_healthy = health.check(
        Server(settings.folder, ports.postgres, "x"), ports, settings.spark_jvm
    )
    assert is_healthy("airflow-scheduler")
    assert not is_healthy("airflow-triggerer")
    assert health.TIMEOUT_SECONDS >= 10
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.05)
    is_healthy = health.check(
        Server(settings.folder, ports.postgres, "x"), ports, settings.spark_jvm
    )
    assert not is_healthy("airflow-scheduler")


def test_the_answer_of_another_platforms_program_is_not_taken_for_ours(
    settings: OpsSettings, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PortTakenError, match=rf"taken meanwhile by .*process {os.getpid()}"):
        health.require_own_port("airflow-api", settings, ports)
    own = [Process(os.getpid(), "airflow-api")]
    monkeypatch.setattr(processes, "of", lambda *_, **__: own)
    health.require_own_port("airflow-api", settings, ports)
    health.require_own_port("airflow-scheduler", settings, ports)
