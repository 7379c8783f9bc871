"""Serve an ASGI app with limits: `python -m edge.serve MODULE:FACTORY --port 8000`.

The limits are those of `EdgeSettings`.
"""

import argparse
import os
import resource
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from edge import cookies
from edge.log_lines import OneLine
from edge.protocol import bounded
from edge.settings import EdgeSettings
from edge.websocket import BoundedWebSocket

LOGGING: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": OneLine, "format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"uvicorn": {"level": "INFO"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
ENOUGH_DESCRIPTORS = 65536
PRIVATE = 0o077  # umask: what a server writes is for its own user only


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m edge.serve", description=__doc__)
    parser.add_argument("factory", help="MODULE:FUNCTION that returns the app")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--websockets", action="store_true", help="the app uses WebSockets")
    arguments = parser.parse_args(argv)
    os.umask(PRIVATE)
    allow_descriptors()
    config = configuration(arguments.factory, EdgeSettings(), websockets=arguments.websockets)
    config.host, config.port = arguments.host, arguments.port
    uvicorn.Server(config).run()


def configuration(
    app: str | ASGIApp,
    limits: EdgeSettings,
    *,
    websockets: bool = False,
    logging: dict[str, object] | None = LOGGING,
) -> uvicorn.Config:
    """Return uvicorn's configuration of an app, or of `MODULE:FACTORY`, with these limits.

    This process reads cookies in linear time from then on.

    `logging`: None leaves the configuration of logging as it is.
    """
    cookies.read_in_linear_time()
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        http=bounded(limits),
        ws=BoundedWebSocket if websockets else "none",
        ws_max_size=limits.max_message_bytes,
        ws_per_message_deflate=False,  # a small message could become a large one
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=10,
        forwarded_allow_ips=limits.trusted_proxies,
        headers=[("x-content-type-options", "nosniff")],
        access_log=False,
        server_header=False,
        log_config=logging,
    )


def allow_descriptors() -> None:
    """Raise this process's limit of open files as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


if __name__ == "__main__":
    main()
