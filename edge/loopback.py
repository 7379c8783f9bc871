"""Connections to our own programs never pass a proxy, whatever the environment says."""

# Give this to `httpx2.Client(mounts=…)`: it wins over HTTP_PROXY and the like.
DIRECT = {"all://127.0.0.1": None, "all://localhost": None}
NO_PROXY = ("127.0.0.1", "localhost")
