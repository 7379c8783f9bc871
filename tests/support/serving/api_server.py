"""The API served by uvicorn on a free port of loopback, in a thread."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx2
import uvicorn
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from edge.serve import configuration
from edge.settings import EdgeSettings
from ops.settings import HOST
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.client import Client
from serving.operator_client import OperatorClient
from serving.storage import keys
from serving.storage.database import ServingSettings
from tests.conftest import schema_of
from tests.support.serving.airflow_users import AirflowUsers
from tests.support.serving.server import as_role

Connected = Callable[[str], OperatorClient]
UNCACHED = ApiSettings(key_cache_seconds=0, schema_check_seconds=0, refusals_per_second=0)


@contextmanager
def running_api(url: str, settings: ApiSettings = UNCACHED) -> Iterator[str]:
    """Yield the base URL of an API on this database; it accepts requests at once."""
    app = create_app(ServingSettings(database_url=url), settings)
    config = configuration(app, EdgeSettings(), logging=None)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def keyed(url: str, owner: Engine, name: str, *scopes: keys.Scope) -> Iterator[httpx2.Client]:
    """Yield the HTTP client of a new key with these scopes, of the engine's schema."""
    with Session(owner) as session, session.begin():
        key = keys.create(session, name, scopes)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=10) as http:
        yield http


@contextmanager
def limited(
    owner: Engine, committing: str, headers: httpx2.Headers, **limits: int
) -> Iterator[Client]:
    """Yield a client of an API of its own with these settings, for the engine's schema."""
    own: dict[str, object] = {"datasets": (schema_of(owner),), **limits}
    with (
        running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url,
        httpx2.Client(base_url=url, headers=headers, timeout=10) as http,
    ):
        yield Client(http, schema_of(owner))


@contextmanager
def connecting(
    owner: Engine, committing: str, *, key_cache_seconds: int = 0
) -> Iterator[Connected]:
    """Yield a function that returns a client with this token, of an API of the engine's schema."""
    users = AirflowUsers()
    users.datasets = [schema_of(owner)]
    with users.served() as airflow:
        own: dict[str, object] = {"airflow_url": airflow, "datasets": (schema_of(owner),)}
        own |= {"key_cache_seconds": key_cache_seconds}
        with (
            running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url,
            httpx2.Client(base_url=url, timeout=10) as http,
        ):

            def connect(token: str) -> OperatorClient:
                http.headers["Authorization"] = f"Bearer {token}"
                return OperatorClient(http, schema_of(owner))

            yield connect
