"""Operators' acts on retrains as the API performs them, on the runs of the fake Airflow."""

from collections.abc import Sequence
from typing import Any

from serving.schemas import Action, DagRun
from tests.support.dashboards.fake_airflow import FakeAirflow

Json = dict[str, Any]
Problem = tuple[int, str]

PARAMS: Json = {
    "recipe": {
        "value": "",
        "description": "Name or JSON of the challenger.",
        "schema": {
            "title": "Recipe",
            "type": ["null", "string"],
            "maxLength": 4000,
            "pattern": r"^$|^[a-z][a-z0-9_-]{0,60}$|^\{[\s\S]*\}$",
            "examples": ["default", "als", "popular"],
            "values_display": {"als": "ALS of ratings"},
        },
    },
    "search_budget_minutes": {
        "value": 0,
        "description": "How long to search.",
        "schema": {
            "title": "Search budget in minutes", "type": "integer", "minimum": 0, "maximum": 120,
        },
    },
    "search_family": {
        "value": "any",
        "description": "Kind of recipe.",
        "schema": {
            "title": "Recipes to search for",
            "type": "string",
            "enum": ["any", "als"],
            "values_display": {"any": "All recipes", "als": "ALS without priors"},
        },
    },
    "ask_for_approval": {
        "value": False,
        "description": "Wait for an approval.",
        "schema": {"title": "Require approval", "type": "boolean"},
    },
    "reason": {
        "value": "",
        "description": "The reason.",
        "schema": {"title": "Reason", "type": ["null", "string"], "maxLength": 500},
    },
}  # fmt: skip


def act(
    airflow: FakeAirflow, parts: Sequence[str], body: Json, user: str
) -> tuple[DagRun | Problem, Action]:
    """Perform an act; return its answer or its problem, and the action's name."""
    match parts:
        case []:
            return _start(airflow, body, user), "start_retrain"
        case [run_id, "stop"]:
            run = _find(airflow, run_id)
            run |= {"state": "failed", "note": f"Stopped by {user}: {body['reason']}"}
            return _answer(run), "stop_retrain"
        case [run_id, "answer"]:
            action: Action = "approve" if body["approve"] else "reject"
            asked = [q for q in airflow.questions if q["task_instance"]["dag_run_id"] == run_id]
            if not asked or asked[0]["chosen_options"]:
                return (409, "no-question"), action
            asked[0]["chosen_options"] = [action.capitalize()]
            airflow.answers.append(action.capitalize())
            return _answer(_find(airflow, run_id)), action
    raise AssertionError(parts)


def _start(airflow: FakeAirflow, body: Json, user: str) -> DagRun | Problem:
    active = [run for run in airflow.runs if run["state"] in {"queued", "running"}]
    if active and not body.get("may_wait"):
        return 409, "retrain-active"
    if airflow.refuses_values:
        return 422, "request-refused"
    conf = {**body.get("parameters", {}), "reason": body["reason"]}
    airflow.started.append(conf)
    return _answer(airflow.add_run(conf, user))


def _find(airflow: FakeAirflow, run_id: str) -> Json:
    return next(run for run in airflow.runs if run["dag_run_id"] == run_id)


def _answer(run: Json) -> DagRun:
    return DagRun(
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        state=run["state"],
        started_by=run["triggering_user_name"],
        queued_at=run["queued_at"],
    )
