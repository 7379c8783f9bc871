"""Operators' acts on retrains: performed in Airflow with their token, and audited."""

from collections.abc import Callable, Iterator

import httpx2
import pytest
from sqlalchemy import Engine

from airflow_api.answers import APPROVAL_BY_ANOTHER
from serving.errors import (
    ApiError,
    KeyRefusedError,
    NoQuestionError,
    OperatorCheckUnavailableError,
    OwnRetrainError,
    RequestRefusedError,
    RetrainActiveError,
    RetrainEndedError,
    ScopeMissingError,
    UnknownRunError,
)
from serving.operator_client import OperatorClient
from serving.schemas import AuditEntry, DagRun
from tests.conftest import schema_of
from tests.support.serving.airflow_retrains import RUN, AirflowRetrains
from tests.support.serving.airflow_users import ADA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.problems import problem
from tests.support.serving.server import as_role

WHY = "new titles"


@pytest.fixture
def users() -> AirflowUsers:
    return AirflowUsers()


@pytest.fixture
def retrains(users: AirflowUsers) -> AirflowRetrains:
    return users.retrains


@pytest.fixture
def http(users: AirflowUsers, owner: Engine, committing: str) -> Iterator[httpx2.Client]:
    with users.served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow, "operator_cache_seconds": 0}
        settings = UNCACHED.model_copy(update=own)
        headers = {"Authorization": f"Bearer {ADA}"}
        with (
            running_api(as_role(committing, "api"), settings) as url,
            httpx2.Client(base_url=url, timeout=10, headers=headers) as http,
        ):
            yield http


@pytest.fixture
def ada(http: httpx2.Client, owner: Engine) -> OperatorClient:
    return OperatorClient(http, schema_of(owner))


def last(operator: OperatorClient) -> AuditEntry:
    return operator.audit(limit=1).entries[0]


def test_a_retrain_is_started_as_the_operator_and_audited(
    ada: OperatorClient, retrains: AirflowRetrains
) -> None:
    run = ada.start_retrain({"search_budget_minutes": 15, "recipe": None}, reason=WHY)

    assert run.started_by == "ada"
    [started] = retrains.runs
    assert started["dag_run_id"] == run.run_id
    conf = {"search_budget_minutes": 15, "recipe": None, "reason": WHY}
    assert started["conf"] == conf
    entry = last(ada)
    assert (entry.actor, entry.action, entry.reason) == ("ada", "start_retrain", WHY)
    assert (entry.target, entry.outcome) == (f"retrain {run.run_id}", "done")
    assert entry.after == {"parameters": conf}


def test_a_second_retrain_starts_only_if_it_may_wait(
    ada: OperatorClient, retrains: AirflowRetrains
) -> None:
    retrains.add(state="success")
    ada.start_retrain({}, reason=WHY)
    with pytest.raises(RetrainActiveError, match="is queued"):
        ada.start_retrain({}, reason="again")
    assert (last(ada).problem, len(retrains.runs)) == ("retrain-active", 2)

    ada.start_retrain({}, reason="again", may_wait=True)
    assert len(retrains.runs) == 3


def test_a_retrain_is_stopped_with_a_reason(ada: OperatorClient, retrains: AirflowRetrains) -> None:
    retrains.add()
    assert ada.stop_retrain(RUN, reason="wrong recipe").state == "failed"

    assert retrains.runs[0]["note"] == "Stopped by ada: wrong recipe"
    entry = last(ada)
    assert (entry.action, entry.target) == ("stop_retrain", f"retrain {RUN}")
    assert (entry.before, entry.after) == ({"state": "running"}, {"state": "failed"})
    with pytest.raises(RetrainEndedError):
        ada.stop_retrain(RUN, reason="again")
    with pytest.raises(UnknownRunError):
        ada.stop_retrain("manual__two", reason="again")
    assert last(ada).problem == "unknown-run"


def test_an_ingest_is_started_as_the_operator_and_audited(
    ada: OperatorClient, retrains: AirflowRetrains
) -> None:
    run = ada.start_ingest(reason="new files")

    assert (retrains.runs[0]["dag_run_id"], run.started_by) == (run.run_id, "ada")
    assert retrains.paths[-1].endswith("__ingest/dagRuns")
    entry = last(ada)
    assert (entry.action, entry.target) == ("start_ingest", f"ingest {run.run_id}")
    assert (entry.actor, entry.reason) == ("ada", "new files")


@pytest.mark.parametrize(("approve", "action"), [(True, "approve"), (False, "reject")])
def test_an_answer_is_given_once_and_audited(
    ada: OperatorClient, retrains: AirflowRetrains, action: str, *, approve: bool
) -> None:
    retrains.add(by="ada")
    with pytest.raises(NoQuestionError):
        ada.answer_retrain(RUN, approve=approve, reason=WHY)
    retrains.asks = True

    ada.answer_retrain(RUN, approve=approve, reason=WHY)

    assert retrains.answer == [action.capitalize()]
    assert (last(ada).action, last(ada).outcome, last(ada).reason) == (action, "done", WHY)
    with pytest.raises(NoQuestionError):
        ada.answer_retrain(RUN, approve=approve, reason=WHY)


def test_an_account_may_not_approve_its_own_retrain_if_the_dag_says_so(
    ada: OperatorClient, retrains: AirflowRetrains
) -> None:
    retrains.add(by="ada")
    retrains.asks, retrains.tags = True, ("shop", APPROVAL_BY_ANOTHER)
    with pytest.raises(OwnRetrainError, match="'ada' started this retrain"):
        ada.answer_retrain(RUN, approve=True, reason=WHY)
    assert (last(ada).problem, retrains.answer) == ("own-retrain", [])

    retrains.runs[0]["triggering_user_name"] = "bert"
    ada.answer_retrain(RUN, approve=True, reason=WHY)
    assert retrains.answer == ["Approve"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefusedError),
        (401, KeyRefusedError),
        (403, ScopeMissingError),
        (404, UnknownRunError),
        (503, OperatorCheckUnavailableError),
    ],
)
def test_a_refusal_of_airflow_starts_nothing_and_is_audited(
    ada: OperatorClient, retrains: AirflowRetrains, status: int, error: type[ApiError]
) -> None:
    retrains.refusal = (status, {"detail": "recipe does not match"})
    with pytest.raises(error):
        ada.start_retrain({"recipe": "?"}, reason=WHY)
    assert (last(ada).outcome, last(ada).problem) == ("refused", error.code)


def test_a_viewer_can_neither_start_nor_stop_nor_answer(
    ada: OperatorClient, retrains: AirflowRetrains, users: AirflowUsers
) -> None:
    retrains.add()
    retrains.asks = True
    users.users = {ADA: "vera"}  # the client's token is a viewer's from now on
    acts: list[Callable[[], DagRun]] = [
        lambda: ada.start_retrain({}, reason=WHY),
        lambda: ada.stop_retrain(RUN, reason=WHY),
        lambda: ada.answer_retrain(RUN, approve=True, reason=WHY),
    ]
    for act in acts:
        with pytest.raises(ScopeMissingError):
            act()
    assert (len(retrains.runs), retrains.runs[0]["state"], retrains.answer) == (1, "running", [])


def test_the_audit_is_searched_by_text(ada: OperatorClient, retrains: AirflowRetrains) -> None:
    retrains.add()
    ada.stop_retrain(RUN, reason="100% Wrong_recipe")
    ada.start_retrain({}, reason="better")

    for text, n_entries in (("WRONG", 1), ("0% w", 1), ("_", 2), ("%", 1), ("ada", 2), ("x", 0)):
        assert ada.audit(text=text).total == n_entries, text


def test_a_run_id_that_is_a_relative_path_is_refused(
    http: httpx2.Client, owner: Engine, users: AirflowUsers
) -> None:
    for run_id in ("%2E", "%2E%2E", "...", ""):
        path = f"/v1/{schema_of(owner)}/retrains/{run_id}/stop"
        answer = http.post(path, json={"reason": WHY})
        assert (answer.status_code, problem(answer).code) == (422, "request-refused")

    assert not [requested for requested in users.requested if "/dags/" in requested]
