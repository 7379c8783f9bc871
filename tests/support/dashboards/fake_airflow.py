"""A fake of Airflow's REST API on loopback, with one user and one running retrain."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from dags.task_texts import TASK_TEXTS
from tests.support.dashboards import shop
from tests.support.http_server import serving

USER, PASSWORD, TOKEN = "maya", "the right password", "a-token"
USUAL_SECONDS = {
    "freeze": 21, "nominate": 4, "search": 9, "evaluate": 58, "decide": 3, "approve": 1,
    "fit": 41, "publish": 6,
}  # fmt: skip
Json = dict[str, Any]
HEALTHY: Json = {
    name: {"status": "healthy"}
    for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
}


class FakeAirflow:
    """The fake's runs, newest first, and the requests that it received."""

    def __init__(self) -> None:
        self.started: list[Json] = []  # the form's values of each start
        self.n_ingests = 0
        self.backtests: list[Json] = []  # runs
        self.params: Json = {}
        self.tags: list[str] = []
        self.refuses_values = False
        self.has_dag = True
        self.earlier_logs: dict[int, list[str]] = {}  # by the number of the attempt
        self.log = ["::group::setup", "\x1b[1mreading <b>rows</b>\x1b[0m", "trial 3: 0.28"]
        self.n_requests = Counter[str]()  # by the last part of the path
        self.questions: list[Json] = []
        self.answers: list[str] = []
        self.expired = False
        self.has_role = True
        self.revoked: list[str] = []
        self.is_operator = True
        now = datetime.now(UTC)
        self.runs = [
            _run("manual__now", "manual", "running", now - timedelta(seconds=62), None),
            _run(shop.RETRAIN.split("/")[1], "scheduled", "success", now - timedelta(hours=3), 141),
            _run("r1", "asset_triggered", "success", now - timedelta(hours=27), 129),
            _run("r2", "manual", "failed", now - timedelta(hours=30), 52),
        ]

    def answer(  # noqa: PLR0911 # one per route
        self, path: str, body: Json
    ) -> tuple[int, Json | list[Json]]:
        """Return status and JSON of one request; a list is sent as lines of JSON."""
        self.n_requests[path.rpartition("/")[2]] += 1
        if (about_sign_in := self._about_sign_in(path, body)) is not None:
            return about_sign_in
        match [unquote(part) for part in path.removeprefix("/api/v2/dags").split("/")][1:]:
            case []:
                names = ("playground__ingest", "playground__retrain")
                dags = [{"dag_id": name, "is_paused": False} for name in names]
                return 200, {"dags": dags, "total_entries": len(dags)}
            case [dag_id, "details"] if self.has_dag:
                tags = [{"name": name} for name in self.tags]
                shown = {"dag_id": dag_id, "is_paused": False, "tags": tags, "params": self.params}
                return 200, shown
            case ["~", "dagRuns", "~", "hitlDetails"]:
                waiting = [each for each in self.questions if not each["chosen_options"]]
                return 200, {"hitl_details": waiting}
            case [_, "dagRuns", _, "hitlDetails"]:
                return 200, {"hitl_details": self.questions}
            case [_, "dagRuns", _, "taskInstances", _, "logs", number]:
                lines = self.earlier_logs.get(int(number), self.log)
                return 200, [{"event": line} for line in lines]
            case [dag_id, "dagRuns"]:
                by_dag = {"playground__retrain": self.runs, "playground__backtest": self.backtests}
                runs = by_dag.get(dag_id, self.runs[1:3])
                return 200, {"dag_runs": [run | {"dag_id": dag_id} for run in runs]}
            case [_, "dagRuns", run_id, "taskInstances"]:
                run = next(run for run in self.runs if run["dag_run_id"] == run_id)
                return 200, {"task_instances": _tasks(run)}
        return 404, {"detail": "not found"}

    def _about_sign_in(self, path: str, body: Json) -> tuple[int, Json] | None:
        if path == "/auth/token":
            accepted = (body.get("username"), body.get("password")) == (USER, PASSWORD)
            return (201, {"access_token": TOKEN}) if accepted else (401, {"detail": "no"})
        if self.expired:
            return 401, {"detail": "expired"}
        if path == "/api/v2/auth/logout":
            self.revoked.append(TOKEN)
            return 200, {}
        if path == "/ui/auth/me":
            return 200, {"username": USER}
        if path == "/api/v2/connections":
            return (200, {"connections": []}) if self.is_operator else (403, {"detail": "no"})
        return None if self.has_role else (403, {"detail": "Forbidden"})

    def add_run(self, conf: Json, user: str) -> Json:
        """Add a run that is queued, and return it."""
        run = _run("manual__new", "manual", "queued", None, None)
        run |= {"conf": conf, "triggering_user_name": user}
        self.runs.insert(0, run)
        return run

    def backtest(self, *states: str) -> None:
        """Replace the runs of the backtest by one in each state."""
        numbered = enumerate(states)
        self.backtests = [_run(f"b{n}", "backfill", state, None, None) for n, state in numbered]

    def ask(self, run_id: str, option: str | None = None, user: str | None = None) -> None:
        """Let a run ask for an approval, which may be answered already."""
        now = datetime.now(UTC).isoformat()
        self.questions.append(
            {
                "task_instance": {
                    "task_id": "approve",
                    "dag_id": "playground__retrain",
                    "dag_run_id": run_id,
                },
                "subject": "Playground: publish this model?",
                "body": "",
                "created_at": now,
                "chosen_options": option and [option],
                "responded_by_user": user and {"id": "1", "name": user},
                "responded_at": option and now,
            }
        )

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port while the block runs; yield the base URL."""
        with serving(_handler(self)) as url:
            yield url


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
        "triggering_user_name": "jonas <b>" if kind == "manual" else None,
        "note": None,
    }


def _tasks(run: Json) -> list[Json]:
    start = datetime.fromisoformat(run["start_date"] or run["queued_at"])
    at, tasks = start, []
    for task_id, seconds in USUAL_SECONDS.items():
        ended = at + timedelta(seconds=seconds * 1.04)
        state, now = "success", datetime.now(UTC)
        if run["state"] in {"running", "queued"} and ended > now:
            state = "running" if at <= now else ""
        tasks.append(
            {
                "task_id": task_id,
                "task_display_name": TASK_TEXTS[task_id].title,
                "state": state or None,
                "try_number": run.get("attempts", {}).get(task_id, 1 if state else 0),
                "start_date": at.isoformat() if state else None,
                "end_date": ended.isoformat() if state == "success" else None,
            }
        )
        at = ended
    if run["state"] == "failed":
        for task, state in zip(tasks[2:], ["failed", *["skipped"] * 5], strict=True):
            task["state"] = state
    return tasks


def _handler(airflow: FakeAirflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(json.loads(self.rfile.read(length) or b"{}"))

        do_PATCH = do_POST  # noqa: N815 # the handler's own name

        def _answer(self, body: Json) -> None:
            path = urlsplit(self.path).path
            is_probe = path == "/api/v2/monitor/health"
            status, answer = (200, HEALTHY) if is_probe else airflow.answer(path, body)
            lines = answer if isinstance(answer, list) else [answer]
            content = "\n".join(map(json.dumps, lines)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
