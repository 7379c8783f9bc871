"""The API as products meet it: uvicorn on a free port of loopback, in a thread."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from ops.settings import HOST
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.storage.database import ServingSettings

AT_ONCE = ApiSettings(key_cache_seconds=0, schema_check_seconds=0)  # tests do not wait for caches


@contextmanager
def running_api(url: str, settings: ApiSettings = AT_ONCE) -> Iterator[str]:
    """Yield the base URL of an API on this database; it takes requests at once."""
    app = create_app(ServingSettings(database_url=url), settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
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
