"""A slow Airflow is asked again, within bounds, and no run is started twice."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from airflow_api import client
from airflow_api.client import Airflow, AirflowError, AirflowUnavailableError
from tests.support.http_server import serving

TIMEOUT = 0.2


@dataclass
class Requests:
    """The requests that came, and how many of the next ones are answered badly."""

    paths: list[str] = field(default_factory=list)
    n_late: int = 0
    n_overloaded: int = 0
    n_of_database: int = 0


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0.01)
    return Requests()


@pytest.fixture
def url(requests: Requests) -> Iterator[str]:
    class SlowAirflow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.paths.append(self.path)
            if requests.n_late:
                requests.n_late -= 1
                time.sleep(2 * TIMEOUT)
                return
            status = 503 if requests.n_overloaded else 200
            requests.n_overloaded = max(0, requests.n_overloaded - 1)
            body = b'{"dags": [], "total_entries": 0, "access_token": "t"}'
            if requests.n_of_database:
                requests.n_of_database -= 1
                status, body = 500, b'{"detail": {"reason": "Database error"}}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 # the name that http.server looks for

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with serving(SlowAirflow) as address:
        yield address


def airflow(url: str, *, patience: float) -> Airflow:
    return Airflow(url, token="t", timeout=TIMEOUT, patience=patience)  # noqa: S106 # no secret


def test_late_and_overloaded_answers_are_asked_for_again(url: str, requests: Requests) -> None:
    requests.n_late, requests.n_overloaded = 2, 2
    assert airflow(url, patience=20).dags() == {}
    assert len(requests.paths) == 5


def test_a_sign_in_is_repeated(url: str, requests: Requests) -> None:
    requests.n_late = 1
    assert Airflow(url, login=("ada", "x"), timeout=TIMEOUT, patience=20).token == "t"  # noqa: S105
    assert len(requests.paths) == 2


def test_patience_ends(url: str, requests: Requests) -> None:
    requests.n_overloaded = 1_000_000
    with pytest.raises(AirflowUnavailableError):
        airflow(url, patience=0.1).dags()
    assert len(requests.paths) > 1


def test_without_patience_a_request_is_sent_once(url: str, requests: Requests) -> None:
    requests.n_late = 1
    with pytest.raises(AirflowUnavailableError, match="lantern up"):
        airflow(url, patience=0).dags()
    assert len(requests.paths) == 1


def test_after_an_error_of_its_database_airflow_is_asked_once_more(
    url: str, requests: Requests
) -> None:
    requests.n_of_database = 1
    assert airflow(url, patience=0).dags() == {}
    assert len(requests.paths) == 2

    requests.n_of_database = 2
    with pytest.raises(AirflowUnavailableError, match="Database error"):
        airflow(url, patience=0).dags()
    assert len(requests.paths) == 4

    requests.n_of_database = 1
    with pytest.raises(AirflowUnavailableError):
        airflow(url, patience=0).trigger("shop__retrain")
    assert len(requests.paths) == 5


def test_a_run_whose_start_got_no_answer_is_not_started_again(url: str, requests: Requests) -> None:
    requests.n_late = 1
    with pytest.raises(AirflowUnavailableError):
        airflow(url, patience=20).trigger("shop__retrain")
    assert len(requests.paths) == 1


def test_an_airflow_that_does_not_listen_yet_is_waited_for() -> None:
    begun = time.monotonic()
    with pytest.raises(AirflowUnavailableError):
        airflow("http://127.0.0.1:9", patience=0.2).trigger("shop__retrain")
    assert time.monotonic() - begun >= 0.2


def test_loopback_is_reached_although_the_environment_names_a_proxy_of_another_kind(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    assert airflow(url, patience=0).dags() == {}


def test_a_refusal_is_not_repeated(url: str, requests: Requests) -> None:
    with pytest.raises((AirflowError, KeyError)):  # an answer without the fields of a run
        airflow(url, patience=20).trigger("shop__retrain")
    assert len(requests.paths) == 1
