"""A stand-in for Airflow's authentication: a server on loopback with users by token."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import jwt

from tests.support.http_server import serving
from tests.support.serving.airflow_retrains import AirflowRetrains


def token_of(name: str, expires_at: int = 4_102_444_800) -> str:
    """Return a token as Airflow signs it; by default it expires in 2100."""
    return jwt.encode({"sub": name, "exp": expires_at}, "of 32 bytes or more for HMAC-SHA-256")


# the tokens of an operator, of two viewers, and of a user without a role
ADA, VERA, VIC, PIA = token_of("ada"), token_of("vera"), token_of("vic"), token_of("pia")
LOGIN = {"username": "ada", "password": "a right password"}
USERS = {ADA: "ada", VERA: "vera", VIC: "vic", PIA: "pia"}
OPERATORS, VIEWERS = {"ada"}, {"ada", "vera", "vic"}


class AirflowUsers:
    """Signed-in users by token. If `failing` is set, every request gets this status and body.

    Vera may read the DAGs of `datasets`, and Vic those of the data set `elsewhere`.
    """

    def __init__(self) -> None:
        self.datasets: list[str] = []
        self.users = dict(USERS)
        self.retrains = AirflowRetrains()
        self.requested: list[str] = []
        self.failing: tuple[int, bytes] | None = None
        self.arrived = threading.Semaphore(0)  # released by every request
        self.waiting = threading.Event()  # every request waits for it
        self.waiting.set()

    def answer(self, method: str, path: str, token: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body of a request; Airflow refuses an unknown token with 403."""
        self.requested.append(path)
        self.arrived.release()
        self.waiting.wait(timeout=10)
        if self.failing is not None:
            return self.failing
        if (method, path) == ("POST", "/auth/token"):
            return 201, json.dumps({"access_token": ADA}).encode()
        name = self.users.get(token)
        if name is None:
            return 403, b'{"detail": "Invalid JWT token"}'
        if path == "/ui/auth/me":
            return 200, json.dumps({"id": "1", "username": name}).encode()
        if name not in (VIEWERS if path == "/api/v2/dags" else OPERATORS):
            return 403, b'{"detail": "Forbidden"}'
        about_dags = self.retrains.respond(method, path, json.loads(body or b"{}"), name)
        datasets = ["elsewhere"] if name == "vic" else self.datasets
        dags = [{"dag_id": f"{each}__retrain", "is_paused": False} for each in datasets]
        listed = {"connections": [], "dags": dags, "total_entries": len(dags)}
        status, answer = about_dags or (200, listed)
        return status, json.dumps(answer).encode()

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port while the block runs; yield the base URL."""
        with serving(_handler(self)) as url:
            try:
                yield url
            finally:
                self.waiting.set()


def _handler(users: AirflowUsers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            path = self.path.partition("?")[0]
            status, body = users.answer(self.command, path, token, sent)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_GET  # noqa: N815 # the handler's own name

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
