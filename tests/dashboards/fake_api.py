"""A server on loopback that answers as the API does, from the invented catalogue."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, TypeAdapter

from serving.schemas import OutboxState, Problem
from tests.dashboards import shop

KEY = "a-key-of-the-tests"
Answer = tuple[int, bytes]


@contextmanager
def fake_api() -> Iterator[str]:
    """Serve on a free port while the block runs; yield the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(path: str, params: Mapping[str, str]) -> Answer:  # noqa: C901, PLR0911 # one per route
    """Return status and JSON of one GET."""
    limit = int(params.get("limit", 20))
    match [unquote(part) for part in path.strip("/").split("/")][2:]:
        case []:
            return _one(shop.about())
        case ["users"]:
            return _many(shop.people())
        case ["users", user_id]:
            return _one(shop.person(user_id), "unknown-person")
        case ["users", user_id, "recommendations"]:
            return _one(shop.recommendations(user_id, limit))
        case ["items"]:
            category, offset = params.get("category"), int(params.get("offset", 0))
            return _one(shop.items(params.get("q", ""), category, limit, offset))
        case ["items", item_id]:
            return _one(shop.item(item_id), "unknown-item")
        case ["items", item_id, "similar"]:
            return _one(shop.similar(item_id, limit), "unknown-item")
        case ["releases"]:
            return _many(shop.releases())
        case ["outbox"]:
            return _one(OutboxState(n_events=0, n_waiting=0))
        case ["verdicts"]:
            return _many(shop.verdicts()[:limit])
    return _problem(404, "unknown-route")


def _one(found: BaseModel | None, missing: str = "") -> Answer:
    return (200, found.model_dump_json().encode()) if found else _problem(404, missing)


def _many(found: Sequence[BaseModel]) -> Answer:
    return 200, TypeAdapter(Sequence[BaseModel]).dump_json(found, serialize_as_any=True)


def _problem(status: int, code: str) -> Answer:
    words = {"type": f"urn:recsys:problem:{code}", "title": code, "detail": f"{code}."}
    problem = Problem(**words, status=status, instance="", code=code, next_step="None.")
    return status, problem.model_dump_json().encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            status, body = answer(asked.path, dict(parse_qsl(asked.query)))
        else:
            status, body = _problem(401, "no-key")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
