"""Airflow's API server reads no body that is too large, from whomever it comes."""

import asyncio
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from ops.machine.airflow import bodies as airflow_bodies
from ops.machine.airflow import config as airflow_config
from ops.machine.airflow.bodies import (
    MOST_BYTES,
    MOST_BYTES_WITHOUT_TOKEN,
    OF_PATHS,
    BodyLimit,
    limit_of,
)
from ops.settings import ROOT


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("ok")(scope, receive, send)


@dataclass
class Unfinished:
    """A request in chunks, whose last chunk is sent once `rest` is set."""

    n_bytes: int
    limits: BodyLimit
    rest: asyncio.Event = field(default_factory=asyncio.Event)

    async def status(self) -> int:
        """Send the request; return the status of the response."""
        messages: list[Message] = []
        n_sent = 0

        async def receive() -> Message:
            nonlocal n_sent
            n_sent += 1
            if n_sent == 1:
                return {"type": "http.request", "body": b"x" * self.n_bytes, "more_body": True}
            await self.rest.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        scope = {
            "type": "http", "path": "/execution/x", "headers": [(b"transfer-encoding", b"chunked")],
        }  # fmt: skip
        await self.limits(scope, receive, send)
        status: int = messages[0]["status"]
        return status


@pytest.fixture
def client() -> TestClient:
    return TestClient(BodyLimit(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])])))


@pytest.mark.parametrize("path", ["/auth/token", "/api/v2/dags", "/execution/xcoms", "/ui/x"])
@pytest.mark.parametrize("authorization", ["Bearer x", "Basic x", ""])
def test_a_body_above_the_limit_of_its_path_is_refused(
    client: TestClient, path: str, authorization: str
) -> None:
    client.headers["Authorization"] = authorization
    limit = limit_of(path, has_token=authorization == "Bearer x")

    def in_chunks(n_bytes: int) -> Iterator[bytes]:
        yield b"x" * (n_bytes - 1)
        yield b"x"

    assert client.post(path, content=b"x" * limit).text == str(limit)
    assert client.post(path, content=in_chunks(limit)).text == str(limit)
    assert client.post(path, content=b"x" * (limit + 1)).status_code == 413
    assert client.post(path, content=in_chunks(limit + 1)).status_code == 413
    assert client.post(path).text == "0"


@pytest.mark.parametrize("has_token", [False, True])
def test_the_sign_in_reads_less_than_a_form_with_a_file(*, has_token: bool) -> None:
    at_sign_in = limit_of("/auth/token", has_token=has_token)
    assert at_sign_in == OF_PATHS["/auth"] < MOST_BYTES == limit_of("/authors", has_token=has_token)
    assert limit_of("", has_token=has_token) == limit_of("/", has_token=has_token) == MOST_BYTES


def test_results_of_tasks_are_large_only_with_a_token() -> None:
    assert limit_of("/execution/xcoms", has_token=True) == OF_PATHS["/execution"] > MOST_BYTES
    assert limit_of("/execution/xcoms", has_token=False) == MOST_BYTES_WITHOUT_TOKEN < MOST_BYTES


def test_a_body_that_does_not_arrive_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_bodies, "SECONDS", 0.05)
    unfinished = Unfinished(n_bytes=1, limits=BodyLimit(answer))

    assert asyncio.run(unfinished.status()) == 408


def test_small_bodies_arrive_while_large_ones_wait_for_their_rest() -> None:
    limits = BodyLimit(answer, most_at_once=25)
    large = [Unfinished(n_bytes=12, limits=limits) for _ in range(2)]
    small = [Unfinished(n_bytes=1, limits=limits) for _ in range(5)]

    async def send_all() -> tuple[list[int], list[int]]:
        waiting = [asyncio.create_task(each.status()) for each in large]
        await asyncio.sleep(0)  # until both wait for the rest of their bodies
        arriving = [asyncio.create_task(each.status()) for each in small]
        async with asyncio.timeout(5):
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        ended = [task.result() for task in done]
        for each in (*large, *small):
            each.rest.set()
        kept = await asyncio.gather(*(task for task in (*waiting, *arriving) if task not in done))
        return ended, kept

    assert asyncio.run(send_all()) == ([503], [200] * 6)


def test_a_body_that_is_the_largest_has_no_room() -> None:
    limits = BodyLimit(answer, most_at_once=25)
    first, second = (Unfinished(n_bytes=n_bytes, limits=limits) for n_bytes in (12, 14))

    async def send_all() -> list[int]:
        waiting = asyncio.create_task(first.status())
        await asyncio.sleep(0)
        refused = await second.status()
        first.rest.set()
        second.rest.set()
        return [refused, await waiting, await second.status()]

    assert asyncio.run(send_all()) == [503, 200, 200]


def plugins_folder() -> str:
    """Return the folder of plugins that Airflow's settings name."""
    [folder] = {
        str(of_section["PLUGINS_FOLDER"])
        for of_section in airflow_config.SETTINGS.values()
        if "PLUGINS_FOLDER" in of_section
    }
    return folder


def load_plugin() -> ModuleType:
    """Return the module of the plugin, as Airflow loads it."""
    file = Path(plugins_folder()) / "lantern_limits.py"
    specification = importlib.util.spec_from_file_location("lantern_limits", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_airflow_finds_the_middleware_in_a_plugin() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    in_image = compose["x-airflow-environment"]["AIRFLOW__CORE__PLUGINS_FOLDER"]
    assert in_image == plugins_folder().replace(str(ROOT), "/app")

    (registered,) = load_plugin().Limits.fastapi_root_middlewares
    assert registered["middleware"] is airflow_bodies.BodyLimit


def test_with_the_plugin_airflow_reads_cookies_in_linear_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("http.cookies._unquote", str)

    load_plugin()

    assert cookie_parser(r'name="a\"b"') == {"name": 'a"b'}


def test_no_plugin_has_the_name_of_an_installed_module() -> None:
    """Airflow's programs would import the plugin instead: its folder is on their path."""
    plugins = [path.stem for path in (ROOT / "ops/machine/airflow/plugins").glob("[a-z]*.py")]

    assert plugins
    assert [name for name in plugins if importlib.util.find_spec(name)] == []
