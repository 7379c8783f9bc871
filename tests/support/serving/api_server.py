"""The API served by uvicorn on a free port of loopback, in a thread."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from edge.serve import configuration
from edge.settings import EdgeSettings
from ops.settings import HOST
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.storage.database import ServingSettings

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
