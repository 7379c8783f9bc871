"""A server on loopback that answers as the API does, from the invented shop.

`tests/dashboards/test_fake_api.py` checks its answers against the API's OpenAPI document.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from pydantic import BaseModel, TypeAdapter

from serving.placements.defaults import DEFAULTS
from serving.schemas import AllReadiness, ItemOrder, OpenErasures, OutboxState, Problem, Readiness
from tests.support.dashboards import shop
from tests.support.dashboards.fake_airflow import TOKEN, USER
from tests.support.dashboards.fake_inspections import FakeInspections
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.dashboards.fake_placements import FakePlacements
from tests.support.dashboards.fake_rules import FakeRules
from tests.support.dashboards.visitors import Visitors
from tests.support.http_server import serving

KEY = "a-key-of-the-tests"
Response = tuple[int, bytes]  # status and JSON
Json = dict[str, Any]
_SERVED = Readiness(ready=True, database=True, schema_version="1", live_release=12, detail="")
_READY = AllReadiness(ready=True, detail="", datasets={"playground": _SERVED})
FOR_OPERATORS = (
    "rules", "publishing", "audit", "erasures", "keys", "storage", "inspection", "retrains",
    "ingests", "quarantine", "uploads", "maintenance",
    "backtests", "placements",
)  # fmt: skip


@contextmanager
def fake_api(
    visitors: Visitors | None = None,
    rules: FakeRules | None = None,
    operations: FakeOperations | None = None,
    inspections: FakeInspections | None = None,
    placements: FakePlacements | None = None,
) -> Iterator[str]:
    """Serve on a free port while the block runs; yield the base URL."""
    state = {
        "visitors": visitors or Visitors(),
        "rules": rules or FakeRules(),
        "operations": operations or FakeOperations(),
        "inspections": inspections or FakeInspections(),
        "placements": placements or FakePlacements(),
    }
    handler = type("Handler", (_Handler,), state)
    with serving(handler) as url:
        yield url


def read(visitors: Visitors, path: str, params: Mapping[str, str]) -> Response:  # noqa: C901, PLR0911, PLR0912 # one per route
    """Return the response to a GET."""
    limit = int(params.get("limit", 20))
    match _aliased(visitors, path):
        case []:
            return _one(shop.about(rates=visitors.rates))
        case ["users"]:
            return _many(shop.users())
        case ["users", user_id]:
            return _one(shop.user(user_id), "unknown-user")
        case ["users", user_id, "export"]:
            return _one(visitors.export(user_id))
        case ["users", user_id, "recommendations"]:
            return _one(visitors.recommendations(user_id, limit))
        case ["users", user_id, "events"]:
            wanted = params["kind"].split("\n") if "kind" in params else [*shop.KINDS]
            return _one(visitors.events_of(user_id, wanted))
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
            visitors.may_answer.wait(20)
            category, offset = params.get("category"), int(params.get("offset", 0))
            years = int(params.get("released_from", 0)), int(params.get("released_to", 9999))
            sort: ItemOrder = TypeAdapter(ItemOrder).validate_python(
                params.get("sort", "relevance")
            )
            return _one(
                shop.items(
                    params.get("q", ""),
                    category,
                    limit,
                    offset,
                    sort=sort,
                    years=years,
                    item_ids=params.get("item_id", "").split("\n") if "item_id" in params else (),
                    rates=visitors.rates,
                )
            )
        case ["items", item_id]:
            item = shop.item(item_id)
            return _one(item and shop.details(item, rates=visitors.rates), "unknown-item")
        case ["items", item_id, "similar"]:
            return _one(shop.similar(item_id, limit), "unknown-item")
        case ["items", item_id, "together"]:
            return _one(shop.together(item_id, limit), "unknown-item")
        case ["releases"]:
            return _many(shop.releases())
        case ["outbox"]:
            return _one(OutboxState(n_events=0, n_waiting=0))
        case ["open-erasures"]:
            return _one(OpenErasures(n_with_rows=0, n_with_files=0))
        case ["verdicts"]:
            return _many(shop.verdicts()[:limit])
    return _problem(404, "unknown-route")


def write(  # noqa: PLR0911 # one per route
    visitors: Visitors, method: str, path: str, body: Mapping[str, Any], key: str
) -> Response:
    """Return the response to a write of feedback."""
    parts = _aliased(visitors, path)
    if parts[:1] == ["users"] and visitors.erased & {*parts[1:2]}:
        return _problem(410, "user-erased")
    match method, parts:
        case "PUT", ["users", user_id]:
            return _one(visitors.register(user_id, body["token"]))
        case "POST", ["events"]:
            return _one(visitors.events(body["events"]))
        case "PUT", ["users", user_id, "ratings", item_id]:
            return _one(visitors.rate(user_id, item_id, body["rating"], key))
        case "DELETE", ["users", user_id, "ratings", item_id]:
            return _one(visitors.unrate(user_id, item_id, key))
        case "PUT", ["users", user_id, "hidden", item_id]:
            return _one(visitors.hide(user_id, item_id, key))
        case "DELETE", ["users", user_id, "events", event_id]:
            undone = visitors.undo(user_id, event_id)
            return _one(undone) if undone else _problem(409, "feedback-changed")
        case "DELETE", ["users", user_id]:
            return _one(visitors.erase(user_id))
    return _problem(404, "unknown-route")


def operate(rules: FakeRules, method: str, path: str, body: dict[str, Any]) -> Response:
    """Return the response to a request that only operators may make."""
    refusal = rules.refusal
    if body.get("rules", body).get("keep_if") == rules.refused_filter:
        refusal = 422, "filter-refused"
    if refusal is not None:
        return _problem(*refusal)
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


def act(  # noqa: C901, PLR0911, PLR0912 # one per route
    operations: FakeOperations, method: str, path: str, params: dict[str, str], body: Json
) -> Response:
    """Return the response to an operator's act, or to a request for the audit."""
    if operations.refusal is not None:
        return _problem(*operations.refusal)
    match method, path_parts(path):
        case "GET", ["releases", "history"]:
            return _many(operations.releases)
        case "GET", ["releases", release_id, "changes"]:
            return _one(operations.changes(int(release_id), int(params["since"])))
        case "POST", ["releases", "roll-back"]:
            return _state(operations.roll_back(body, USER))
        case "POST", ["releases", release_id, "activate"]:
            return _state(operations.activate(int(release_id), body, USER))
        case "POST", ["publishing", verb]:
            return _one(operations.pause(body, USER, paused_by=USER if verb == "pause" else None))
        case "POST", ["maintenance"]:
            return _one(operations.maintain(body, USER), status=201)
        case "POST", ["retrains", *rest]:
            done = operations.retrain(rest, body, USER)
            return _state(done, status=200 if rest else 201)
        case "POST", ["ingests"]:
            return _one(operations.start_ingest(body, USER), status=201)
        case "POST", ["backtests"]:
            return _state(operations.backtest(body, USER), status=201)
        case "GET", ["audit"]:
            return _one(operations.audit(params))
        case "POST", ["erasures"]:
            return _many(operations.erase(body, USER))
        case "GET", ["erasures"]:
            return _many(operations.erasures())
        case "GET", ["quarantine", "decisions"]:
            return _many(operations.decisions)
        case "POST", ["quarantine", "decisions"]:
            decision = operations.decide(body, USER)
            return _state(decision, status=201)
        case "POST", ["uploads"]:
            return _one(operations.upload(body, USER), status=201)
        case "GET", ["storage"]:
            return _many(operations.storage())
        case "GET", ["keys"]:
            return _many(operations.keys())
        case "POST", ["keys"]:
            return _one(operations.create_key(body), status=201)
        case "DELETE", ["keys", _]:
            return _one(operations.keys()[0])
    return _problem(404, "unknown-route")


def look(  # noqa: PLR0911 # one per route
    inspections: FakeInspections, method: str, path: str, params: dict[str, str]
) -> Response:
    """Return the response to a request for an inspection."""
    if inspections.refusal is not None:
        return _problem(*inspections.refusal)
    limit = int(params.get("limit", 20))
    match method, path_parts(path)[1:]:
        case "GET", ["users"]:
            return _many(inspections.found(params))
        case "GET", ["users", user_id]:
            return _one(inspections.user(user_id, limit))
        case "GET", ["users", user_id, "items", item_id]:
            return _state(inspections.item_for_user(user_id, item_id, limit))
        case "POST", ["users", user_id, "views"]:
            return _one(inspections.view(user_id))
        case "GET", ["items", item_id]:
            return _state(inspections.item(item_id))
    return _problem(404, "unknown-route")


def compose(  # noqa: PLR0911 # one per route
    placements: FakePlacements, method: str, path: str, body: Json
) -> Response:
    """Return the response to an operator's request about placements."""
    if placements.refusal is not None:
        return _problem(*placements.refusal)
    match method, path_parts(path)[1:]:
        case "GET", []:
            return _many(placements.active())
        case "GET", [name, "history"] if name in {**DEFAULTS, **placements.versions}:
            return _many(placements.history(name))
        case "POST", ["preview"]:
            return _state(placements.preview(body))
        case "POST", [name, "activate"]:
            return _state(placements.activate(name, body, USER))
        case "PUT", [name]:
            return _state(placements.replace(name, body, USER))
    return _problem(404, "unknown-placement")


def is_for_operators(path: str, method: str = "GET") -> bool:
    """Return whether a request needs an operator's token."""
    parts = path_parts(path)
    if parts[:1] == ["placements"] and method == "GET" and len(parts) == 2:
        return False  # a placement's shelves are for products
    if parts[:1] == ["releases"]:
        return len(parts) > 1  # the kept ones are for products too
    return parts[:1] in [[name] for name in FOR_OPERATORS]


def path_parts(path: str) -> list[str]:
    return [unquote(part) for part in path.strip("/").split("/")][2:]


def _aliased(visitors: Visitors, path: str) -> list[str]:
    """Return the path's parts; a visitor may stand for a user of the shop."""
    parts = path_parts(path)
    return [visitors.aliases.get(part, part) for part in parts]


def _state(answer: BaseModel | tuple[int, str], *, status: int = 200) -> Response:
    return _problem(*answer) if isinstance(answer, tuple) else _one(answer, status=status)


def _one(answer: BaseModel | None, missing: str = "", *, status: int = 200) -> Response:
    return (status, answer.model_dump_json().encode()) if answer else _problem(404, missing)


def _many(answers: Sequence[BaseModel]) -> Response:
    return 200, TypeAdapter(Sequence[BaseModel]).dump_json(answers, serialize_as_any=True)


def _problem(status: int, code: str) -> Response:
    words = {"type": f"urn:lantern:problem:{code}", "title": code, "detail": f"{code}."}
    problem = Problem(**words, status=status, instance="", code=code, next_step="None.")
    return status, problem.model_dump_json().encode()


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters; one that is repeated has a line for each of its values."""
    return {name: "\n".join(values) for name, values in parse_qs(query).items()}


class _Handler(BaseHTTPRequestHandler):
    visitors: Visitors
    rules: FakeRules
    operations: FakeOperations
    inspections: FakeInspections
    placements: FakePlacements

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/ready":  # needs no key
            self._send(*_one(_READY))
            return
        if is_for_operators(url.path):
            self._operate({})
            return
        params = _parameters(url.query)
        match path_parts(url.path):
            case ["placements", name]:
                self._respond(lambda: self._shelves(name, params))
            case _:
                self._respond(lambda: read(self.visitors, url.path, params))

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(content) if content else {}
        key, path = self.headers.get("Idempotency-Key", ""), urlsplit(self.path).path
        if is_for_operators(path, self.command):
            self._operate(body)
            return
        self._respond(lambda: write(self.visitors, self.command, path, body, key))

    def _shelves(self, name: str, params: dict[str, str]) -> Response:
        user_id = params.get("user_id", "")
        alias = {"user_id": self.visitors.aliases.get(user_id, user_id)}
        answer = self.placements.answer(name, params | alias, self.visitors)
        return _one(answer, "unknown-placement")

    do_POST = do_PATCH = do_DELETE = do_PUT  # noqa: N815 # the base class's names

    def _operate(self, body: Json) -> None:
        url = urlsplit(self.path)
        if path_parts(url.path)[:1] == ["rules"]:
            self._respond(lambda: operate(self.rules, self.command, url.path, body), TOKEN)
            return
        if path_parts(url.path)[:1] == ["placements"]:
            composed = (self.placements, self.command, url.path, body)
            self._respond(lambda: compose(*composed), TOKEN)
            return
        params = dict(parse_qsl(url.query))
        if path_parts(url.path)[:1] == ["inspection"]:
            self._respond(lambda: look(self.inspections, self.command, url.path, params), TOKEN)
            return
        self._respond(lambda: act(self.operations, self.command, url.path, params, body), TOKEN)

    def _respond(self, find: Callable[[], Response], key: str = KEY) -> None:
        allowed = self.headers.get("Authorization") == f"Bearer {key}"
        self._send(*(find() if allowed else _problem(401, "no-key")))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
