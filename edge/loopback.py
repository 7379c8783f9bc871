"""Connections to our own programs on loopback never pass a proxy, whatever the environment says.

Set-up uses this before any package is installed: the standard library only.
"""

import os
from urllib.parse import urlsplit

# Give this to `httpx2.Client(mounts=…)`: it wins over HTTP_PROXY and the like.
DIRECT = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}
NO_PROXY = ("127.0.0.1", "localhost")


def direct() -> dict[str, str]:
    """Return the variables that keep connections to loopback off any proxy."""
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    hosts = ",".join(dict.fromkeys([*filter(None, named.split(",")), *NO_PROXY]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine.

    Its clients need no variable of the environment. Otherwise a proxy that httpx2 does not support,
    such as SOCKS, is an error even if it is not used.
    """
    return urlsplit(url).hostname in {*NO_PROXY, "::1"}
