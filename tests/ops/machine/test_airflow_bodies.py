"""Airflow's API server reads no body that is too large, from whomever it comes."""

import importlib.util
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ops.machine import airflow_bodies, airflow_config
from ops.machine.airflow_bodies import MOST_BYTES, OF_PATHS, BodyLimit, limit_of
from ops.settings import OpsSettings


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client() -> TestClient:
    return TestClient(BodyLimit(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])])))


@pytest.mark.parametrize("path", ["/auth/token", "/api/v2/dags", "/execution/xcoms", "/ui/x"])
def test_a_body_above_the_limit_of_its_path_is_refused(client: TestClient, path: str) -> None:
    limit = limit_of(path)

    def in_chunks(n_bytes: int) -> Iterator[bytes]:
        yield b"x" * (n_bytes - 1)
        yield b"x"

    assert client.post(path, content=b"x" * limit).text == str(limit)
    assert client.post(path, content=in_chunks(limit)).text == str(limit)
    assert client.post(path, content=b"x" * (limit + 1)).status_code == 413
    assert client.post(path, content=in_chunks(limit + 1)).status_code == 413
    assert client.post(path).text == "0"


def test_the_sign_in_reads_less_than_a_form_with_a_file() -> None:
    assert limit_of("/auth/token") == OF_PATHS["/auth"] < MOST_BYTES == limit_of("/authors")
    assert limit_of("") == limit_of("/") == MOST_BYTES


def test_airflow_finds_the_middleware_in_a_plugin(settings: OpsSettings) -> None:
    airflow_config.write_local_settings(settings)
    file = settings.airflow / "plugins" / "lantern_limits.py"
    specification = importlib.util.spec_from_file_location("lantern_limits", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    (registered,) = module.Limits.fastapi_root_middlewares
    assert registered["middleware"] is airflow_bodies.BodyLimit
