"""A server on loopback that answers as the API does, from the invented catalogue."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, TypeAdapter

from serving.schemas import OutboxState, Problem
from tests.support.dashboards import shop
from tests.support.dashboards.fake_airflow import TOKEN, USER
from tests.support.dashboards.fake_rules import FakeRules
from tests.support.dashboards.visitors import Visitors

KEY = "a-key-of-the-tests"
Answer = tuple[int, bytes]


@contextmanager
def fake_api(visitors: Visitors | None = None, rules: FakeRules | None = None) -> Iterator[str]:
    """Serve on a free port while the block runs; yield the base URL."""
    known = {"visitors": visitors or Visitors(), "rules": rules or FakeRules()}
    handler = type("Handler", (_Handler,), known)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(visitors: Visitors, path: str, params: Mapping[str, str]) -> Answer:  # noqa: C901, PLR0911, PLR0912 # one per route
    """Return status and JSON of one GET."""
    limit = int(params.get("limit", 20))
    match parts_of(path):
        case []:
            return _one(shop.about())
        case ["users"]:
            return _many(shop.people())
        case ["users", user_id]:
            return _one(shop.person(user_id), "unknown-user")
        case ["users", user_id, "recommendations"]:
            return _one(visitors.recommendations(user_id, limit))
        case ["users", user_id, "ratings"]:
            return _one(visitors.ratings(user_id, limit, int(params.get("offset", 0))))
        case ["users", user_id, "explanations", item_id]:
            return _one(visitors.explanation(user_id, item_id))
        case ["popular"]:
            years = int(params.get("released_from", 0)), int(params.get("released_to", 9999))
            return _one(shop.shelf(limit, category=params.get("category"), years=years))
        case ["trending"]:
            return _one(shop.shelf(limit, start=20))
        case ["vendor-items"]:
            return _one(shop.shelf(limit, start=40))
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


def written(
    visitors: Visitors, method: str, path: str, body: Mapping[str, Any], key: str
) -> Answer:
    """Return status and JSON of one write."""
    match method, parts_of(path):
        case "POST", ["users"]:
            return _one(visitors.start())
        case "PUT", ["users", user_id, "ratings", item_id]:
            return _one(visitors.rate(user_id, item_id, body["rating"], key))
        case "DELETE", ["users", user_id, "ratings", item_id]:
            return _one(visitors.unrate(user_id, item_id, key))
        case "PUT", ["users", user_id, "hidden", item_id]:
            return _one(visitors.hide(user_id, item_id, key))
        case "DELETE", ["users", user_id]:
            return _one(visitors.forget(user_id))
    return _problem(404, "unknown-route")


def operated(rules: FakeRules, method: str, path: str, body: dict[str, Any]) -> Answer:
    """Return status and JSON of what only operators may ask."""
    if rules.refusal is not None:
        return _problem(*rules.refusal)
    match method, parts_of(path):
        case "GET", ["rules", "history"]:
            return _many(rules.versions)
        case "POST", ["rules", "preview"]:
            found = rules.preview(body)
            return _one(found) if found else _problem(404, "no-window-lists")
        case "PUT", ["rules"]:
            version = rules.replace(body, USER)
            return _one(version) if version else _problem(409, "rules-changed")
    return _problem(404, "unknown-route")


def parts_of(path: str) -> list[str]:
    return [unquote(part) for part in path.strip("/").split("/")][2:]


def _one(found: BaseModel | None, missing: str = "") -> Answer:
    return (200, found.model_dump_json().encode()) if found else _problem(404, missing)


def _many(found: Sequence[BaseModel]) -> Answer:
    return 200, TypeAdapter(Sequence[BaseModel]).dump_json(found, serialize_as_any=True)


def _problem(status: int, code: str) -> Answer:
    words = {"type": f"urn:lantern:problem:{code}", "title": code, "detail": f"{code}."}
    problem = Problem(**words, status=status, instance="", code=code, next_step="None.")
    return status, problem.model_dump_json().encode()


class _Handler(BaseHTTPRequestHandler):
    visitors: Visitors
    rules: FakeRules

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if parts_of(asked.path)[:1] == ["rules"]:
            self._operate(asked.path, {})
            return
        self._answer(lambda: answer(self.visitors, asked.path, dict(parse_qsl(asked.query))))

    def do_PUT(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(sent) if sent else {}
        key, path = self.headers.get("Idempotency-Key", ""), urlsplit(self.path).path
        if parts_of(path)[:1] == ["rules"]:
            self._operate(path, body)
            return
        self._answer(lambda: written(self.visitors, self.command, path, body, key))

    do_POST = do_DELETE = do_PUT  # noqa: N815 # the base class's names

    def _operate(self, path: str, body: dict[str, Any]) -> None:
        self._answer(lambda: operated(self.rules, self.command, path, body), TOKEN)

    def _answer(self, find: Callable[[], Answer], key: str = KEY) -> None:
        allowed = self.headers.get("Authorization") == f"Bearer {key}"
        status, body = find() if allowed else _problem(401, "no-key")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
