"""Which services answer, asked over HTTP on loopback."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

import pytest

from monitoring.reading import services
from tests.support.http_server import serving

AWAY = "http://127.0.0.1:1"
UP, DOWN = {"status": "healthy"}, {"status": "unhealthy"}


def _program(answers: Mapping[str, tuple[int, object]]) -> type[BaseHTTPRequestHandler]:
    class Program(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, answer = answers.get(self.path, (404, {}))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Program


def ready(*, database: bool) -> object:
    return {"ready": database, "detail": "", "datasets": {"shop": {"database": database}}}


@pytest.mark.parametrize("database", [True, False])
def test_the_api_says_whether_postgres_answers(database: bool) -> None:  # noqa: FBT001 # a case
    answers = {"/ready": (200 if database else 503, ready(database=database))}
    with serving(_program(answers)) as url:
        answering = services.answering(api_url=url, airflow_url=None)

    assert answering == {"Postgres": database, "API": True}


def test_airflow_names_its_components() -> None:
    health = {"scheduler": UP, "triggerer": DOWN, "dag_processor": {"status": None}}
    with serving(_program({"/api/v2/monitor/health": (200, health)})) as url:
        answering = services.answering(api_url=None, airflow_url=f"{url}/")

    assert answering == {"Airflow": True, "Airflow scheduler": True, "Airflow triggerer": False}


def test_the_app_answers() -> None:
    with serving(_program({"/_stcore/health": (200, "ok")})) as url:
        assert services.answering(api_url=None, airflow_url=None, app_url=url) == {"App": True}


def test_what_does_not_answer_is_down() -> None:
    answering = services.answering(api_url=AWAY, airflow_url=AWAY, app_url=AWAY)

    assert answering == {"API": False, "Airflow": False, "App": False}


def test_an_answer_in_another_form_is_no_failure() -> None:
    with serving(_program({"/ready": (200, ["?"])})) as url:
        assert services.answering(api_url=url, airflow_url=url) == {
            "Postgres": False, "API": True, "Airflow": False,
        }  # fmt: skip
