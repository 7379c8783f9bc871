"""A stand-in for the runs of Airflow's DAGs, for the API's routes on retrains."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Json = dict[str, Any]
Response = tuple[int, Json]
RUN = "manual__2026-11-24T12:00:00+00:00"


@dataclass
class AirflowRetrains:
    """Runs, newest first. `tags` are the DAG's. `asks`: each run has a question.

    If `refusal` is set, every change gets this status and body.
    """

    runs: list[Json] = field(default_factory=list)
    tags: Sequence[str] = ()
    asks: bool = False
    answer: list[str] = field(default_factory=list)
    refusal: Response | None = None
    paths: list[str] = field(default_factory=list)  # of the requests about DAGs
    paused: bool = False
    backfills: list[Json] = field(default_factory=list)

    def add(self, run_id: str = RUN, state: str = "running", by: str | None = "bert") -> None:
        """Add a run."""
        self.runs.insert(0, run(run_id, state, by))

    def respond(self, method: str, path: str, body: Json, user: str) -> Response | None:
        """Return status and JSON of a request; None if it is not about DAGs."""
        match path.split("/")[3:]:
            case ["dags", _, "details"]:
                tags = [{"name": name} for name in self.tags]
                return 200, {"dag_id": "d", "is_paused": self.paused, "tags": tags, "params": {}}
            case ["backfills"]:
                return self._about_backfills(method, body)
            case ["dags", _] if method == "PATCH":
                self.paused = body["is_paused"]
                return 200, {}
            case ["dags", _, "dagRuns", *rest]:
                self.paths.append(path)
                if method != "GET" and self.refusal is not None:
                    return self.refusal
                return self._about_runs(method, [unquote(part) for part in rest], body, user)
        return None

    def _about_runs(self, method: str, parts: list[str], body: Json, user: str) -> Response:
        if not parts:
            if method == "GET":
                return 200, {"dag_runs": self.runs}
            self.add(body["dag_run_id"], "queued", user)
            self.runs[0]["conf"] = body["conf"]
            return 200, self.runs[0]
        found = next((each for each in self.runs if each["dag_run_id"] == parts[0]), None)
        if found is None:
            return 404, {"detail": "The DagRun was not found"}
        if method == "PATCH" and parts[1:]:
            self.answer = body["chosen_options"]
        elif method == "PATCH":
            found |= body
        elif parts[1:] == ["hitlDetails"]:
            return 200, {"hitl_details": [self._question()] if self.asks else []}
        return 200, found

    def _about_backfills(self, method: str, body: Json) -> Response:
        if method == "GET":
            return 200, {"backfills": self.backfills[:1]}
        if self.refusal is not None:
            return self.refusal
        self.backfills.insert(0, {"id": len(self.backfills) + 1, "completed_at": None} | body)
        return 200, self.backfills[0]

    def _question(self) -> Json:
        return {
            "task_instance": {"task_id": "approve", "dag_id": "d", "dag_run_id": RUN},
            "subject": "Publish?",
            "body": "",
            "created_at": None,
            "chosen_options": self.answer or None,
            "responded_by_user": None,
            "responded_at": None,
        }


def run(run_id: str, state: str, by: str | None) -> Json:
    """Return a run as Airflow does."""
    return {
        "dag_id": "shop__retrain",
        "dag_run_id": run_id,
        "run_type": "manual",
        "state": state,
        "queued_at": "2026-11-24T12:00:00+00:00",
        "start_date": None,
        "end_date": None,
        "triggering_user_name": by,
        "conf": {},
        "note": None,
    }
