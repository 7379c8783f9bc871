"""Health checks of docker-compose.yml: `python -m ops.compose.health ADDRESS [PART]`.

An address `http://…` must be answered well; with a part, its JSON must call that part of Airflow
healthy. At `tcp://host:port` somebody must listen. Needs the standard library only: it runs often.
"""

import json
import socket
import sys
import urllib.request
from urllib.parse import urlsplit

SECONDS = 5


def is_healthy(address: str, part: str | None = None) -> bool:
    """Return whether the program behind the address does its work."""
    try:
        if address.startswith("tcp://"):
            split = urlsplit(address)
            socket.create_connection((split.hostname, split.port), SECONDS).close()
            return True
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 # http only
            return part is None or bool(json.load(answer)[part]["status"] == "healthy")
    except (OSError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(not is_healthy(*sys.argv[1:]))
