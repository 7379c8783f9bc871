"""A server on loopback that answers as the API does, from the invented shop.

`tests/dashboards/test_fake_api.py` checks its answers against the API's OpenAPI document.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, TypeAdapter

from serving.schemas import OutboxState, Problem
from tests.support.dashboards import shop
from tests.support.dashboards.fake_airflow import TOKEN, USER
from tests.support.dashboards.fake_rules import FakeRules
from tests.support.dashboards.visitors import Visitors
from tests.support.http_server import serving

KEY = "a-key-of-the-tests"
Response = tuple[int, bytes]  # status and JSON


@contextmanager
def fake_api(visitors: Visitors | None = None, rules: FakeRules | None = None) -> Iterator[str]:
    """Serve on a free port while the block runs; yield the base URL."""
    state = {"visitors": visitors or Visitors(), "rules": rules or FakeRules()}
    handler = type("Handler", (_Handler,), state)
    with serving(handler) as url:
        yield url


def read(visitors: Visitors, path: str, params: Mapping[str, str]) -> Response:  # noqa: C901, PLR0911, PLR0912 # one per route
    """Return the response to a GET."""
    limit = int(params.get("limit", 20))
    match path_parts(path):
        case []:
            return _one(shop.about())
        case ["users"]:
            return _many(shop.users())
        case ["users", user_id]:
            return _one(shop.user(user_id), "unknown-user")
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


def write(
    visitors: Visitors, method: str, path: str, body: Mapping[str, Any], key: str
) -> Response:
    """Return the response to a write of feedback."""
    match method, path_parts(path):
        case "POST", ["users"]:
            return _one(visitors.create_user(), status=201)
        case "PUT", ["users", user_id, "ratings", item_id]:
            return _one(visitors.rate(user_id, item_id, body["rating"], key))
        case "DELETE", ["users", user_id, "ratings", item_id]:
            return _one(visitors.unrate(user_id, item_id, key))
        case "PUT", ["users", user_id, "hidden", item_id]:
            return _one(visitors.hide(user_id, item_id, key))
        case "DELETE", ["users", user_id]:
            return _one(visitors.erase(user_id))
    return _problem(404, "unknown-route")


def operate(rules: FakeRules, method: str, path: str, body: dict[str, Any]) -> Response:
    """Return the response to a request that only operators may make."""
    if rules.refusal is not None:
        return _problem(*rules.refusal)
    match method, path_parts(path):
        case "GET", ["rules", "history"]:
            return _many(rules.versions)
        case "POST", ["rules", "preview"]:
            preview = rules.preview(body)
            return _one(preview) if preview else _problem(404, "no-window-lists")
        case "PUT", ["rules"]:
            version = rules.replace(body, USER)
            return _one(version) if version else _problem(409, "rules-changed")
    return _problem(404, "unknown-route")


def path_parts(path: str) -> list[str]:
    return [unquote(part) for part in path.strip("/").split("/")][2:]


def _one(answer: BaseModel | None, missing: str = "", *, status: int = 200) -> Response:
    return (status, answer.model_dump_json().encode()) if answer else _problem(404, missing)


def _many(answers: Sequence[BaseModel]) -> Response:
    return 200, TypeAdapter(Sequence[BaseModel]).dump_json(answers, serialize_as_any=True)


def _problem(status: int, code: str) -> Response:
    words = {"type": f"urn:lantern:problem:{code}", "title": code, "detail": f"{code}."}
    problem = Problem(**words, status=status, instance="", code=code, next_step="None.")
    return status, problem.model_dump_json().encode()


class _Handler(BaseHTTPRequestHandler):
    visitors: Visitors
    rules: FakeRules

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if path_parts(url.path)[:1] == ["rules"]:
            self._operate(url.path, {})
            return
        self._respond(lambda: read(self.visitors, url.path, dict(parse_qsl(url.query))))

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(content) if content else {}
        key, path = self.headers.get("Idempotency-Key", ""), urlsplit(self.path).path
        if path_parts(path)[:1] == ["rules"]:
            self._operate(path, body)
            return
        self._respond(lambda: write(self.visitors, self.command, path, body, key))

    do_POST = do_DELETE = do_PUT  # noqa: N815 # the base class's names

    def _operate(self, path: str, body: dict[str, Any]) -> None:
        self._respond(lambda: operate(self.rules, self.command, path, body), TOKEN)

    def _respond(self, find: Callable[[], Response], key: str = KEY) -> None:
        allowed = self.headers.get("Authorization") == f"Bearer {key}"
        status, body = find() if allowed else _problem(401, "no-key")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
