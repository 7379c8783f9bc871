"""A server on loopback that answers as Airflow's REST API does: one user, one retrain that runs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.dashboards import shop

USER, PASSWORD, TOKEN = "maya", "a right password", "a-token"  # of the tests
USUAL = {
    "freeze": 21, "nominate": 4, "search": 9, "evaluate": 58, "decide": 3, "approve": 1,
    "fit": 41, "publish": 6,
}  # fmt: skip
TITLES = {
    "freeze": "Freeze the tables", "nominate": "Nominate the recipes",
    "search": "Search for a recipe",
    "evaluate": "Evaluate on a frozen window", "decide": "Decide: publish or hold",
    "approve": "Ask a person",
    "fit": "Fit on all rows", "publish": "Publish the lists",
}  # fmt: skip
Json = dict[str, Any]


class FakeAirflow:
    """What the fake knows: its runs, newest first, and what was asked of it."""

    def __init__(self) -> None:
        self.started: list[Json] = []
        self.questions: list[Json] = []
        self.answers: list[str] = []
        self.expired = False
        now = datetime.now(UTC)
        self.runs = [
            _run("manual__now", "manual", "running", now - timedelta(seconds=62), None),
            _run(shop.RETRAIN.split("/")[1], "scheduled", "success", now - timedelta(hours=3), 141),
            _run("r1", "asset_triggered", "success", now - timedelta(hours=27), 129),
            _run("r2", "manual", "failed", now - timedelta(hours=30), 52),
        ]

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:  # noqa: PLR0911
        """Return status and JSON of one request."""
        if path == "/auth/token":
            good = (body.get("username"), body.get("password")) == (USER, PASSWORD)
            return (201, {"access_token": TOKEN}) if good else (401, {"detail": "no"})
        if self.expired:
            return 401, {"detail": "expired"}
        match [unquote(part) for part in path.removeprefix("/api/v2/dags").split("/")][1:]:
            case []:
                names = ("playground__ingest", "playground__retrain")
                return 200, {"dags": [{"dag_id": name, "is_paused": False} for name in names]}
            case ["playground__retrain", "dagRuns"] if method == "POST":
                self.started.append(body)
                run = _run("manual__new", "manual", "queued", None, None)
                self.runs.insert(0, run)
                return 200, run
            case [_, "dagRuns", _, "hitlDetails"]:
                return 200, {"hitl_details": self.questions}
            case [_, "dagRuns", _, "taskInstances", "approve", "-1", "hitlDetails"]:
                self.answers += body["chosen_options"]
                for each in self.questions:
                    each["chosen_options"] = body["chosen_options"]
                return 200, {}
            case [dag_id, "dagRuns"]:
                found = self.runs if dag_id.endswith("retrain") else self.runs[1:3]
                return 200, {"dag_runs": [each | {"dag_id": dag_id} for each in found]}
            case [_, "dagRuns", run_id, "taskInstances"]:
                run = next(each for each in self.runs if each["dag_run_id"] == run_id)
                return 200, {"task_instances": _tasks(run)}
        return 404, {"detail": "not found"}

    def ask(self, run_id: str, option: str | None = None, who: str | None = None) -> None:
        """Let a run ask a person; he may have answered."""
        now = datetime.now(UTC).isoformat()
        self.questions.append(
            {
                "task_instance": {"task_id": "approve", "dag_run_id": run_id},
                "subject": "Playground: publish this model?",
                "body": "",
                "created_at": now,
                "chosen_options": option and [option],
                "responded_by_user": who and {"id": "1", "name": who},
                "responded_at": option and now,
            }
        )

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port while the block runs; yield the base URL."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _run(run_id: str, kind: str, state: str, at: datetime | None, seconds: int | None) -> Json:
    ended = at + timedelta(seconds=seconds) if at and seconds else None
    return {
        "dag_id": "playground__retrain",
        "dag_run_id": run_id,
        "run_type": kind,
        "state": state,
        "queued_at": (at or datetime.now(UTC)).isoformat(),
        "start_date": at.isoformat() if at else None,
        "end_date": ended.isoformat() if ended else None,
        "conf": {"search_budget_minutes": 5 if state == "running" else 0},
    }


def _tasks(run: Json) -> list[Json]:
    start = datetime.fromisoformat(run["start_date"] or run["queued_at"])
    at, found = start, []
    for task_id, usual in USUAL.items():
        ended = at + timedelta(seconds=usual * 1.04)
        state, now = "success", datetime.now(UTC)
        if run["state"] in {"running", "queued"} and ended > now:
            state = "running" if at <= now else ""
        found.append(
            {
                "task_id": task_id,
                "task_display_name": TITLES[task_id],
                "state": state or None,
                "try_number": 1,
                "start_date": at.isoformat() if state else None,
                "end_date": ended.isoformat() if state == "success" else None,
            }
        )
        at = ended
    return found


def _handler(airflow: FakeAirflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", {})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(self.command, json.loads(self.rfile.read(length) or b"{}"))

        do_PATCH = do_POST  # noqa: N815 # the handler's own name

        def _answer(self, method: str, body: Json) -> None:
            status, found = airflow.answer(method, urlsplit(self.path).path, body)
            sent = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
