"""Health checks of docker-compose.yml: `python -m ops.compose.health ADDRESS [COMPONENT]`.

`http://…` must answer without an error; with a component, the JSON must report that component of
Airflow as healthy. `tcp://host:port` must accept connections. It runs often, so it imports only the
standard library.
"""

import json
import socket
import sys
import urllib.request
from urllib.parse import urlsplit

SECONDS = 5


def is_healthy(address: str, component: str | None = None) -> bool:
    """Return whether the program at the address is healthy."""
    try:
        if address.startswith("tcp://"):
            split = urlsplit(address)
            socket.create_connection((split.hostname, split.port), SECONDS).close()
            return True
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 # http only
            return component is None or json.load(answer)[component]["status"] == "healthy"
    except (OSError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(not is_healthy(*sys.argv[1:]))
