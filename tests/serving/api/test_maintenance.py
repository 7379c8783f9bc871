"""An operator runs `maintain` in Airflow with their token, and the act is audited."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine

from serving.errors import ScopeMissingError, UnknownRunError
from serving.operator_client import OperatorClient
from tests.conftest import schema_of
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

WHY = "the disk is nearly full"


@pytest.fixture
def users() -> AirflowUsers:
    return AirflowUsers()


@pytest.fixture
def api(users: AirflowUsers, owner: Engine, committing: str) -> Iterator[httpx2.Client]:
    with users.served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow}
        settings = UNCACHED.model_copy(update=own)
        with (
            running_api(as_role(committing, "api"), settings) as url,
            httpx2.Client(base_url=url, timeout=10) as http,
        ):
            yield http


def signed_in(http: httpx2.Client, token: str, owner: Engine) -> OperatorClient:
    http.headers["Authorization"] = f"Bearer {token}"
    return OperatorClient(http, schema_of(owner))


def test_an_operator_runs_it_with_their_token_and_a_reason(
    api: httpx2.Client, users: AirflowUsers, owner: Engine
) -> None:
    ada = signed_in(api, ADA, owner)

    run = ada.start_maintenance(reason=WHY)

    [started] = users.retrains.runs
    assert started["triggering_user_name"] == "ada"
    assert f"/api/v2/dags/{schema_of(owner)}__maintain/dagRuns" in users.requested
    assert run.run_id == started["dag_run_id"]
    [entry] = ada.audit().entries
    assert (entry.actor, entry.action, entry.reason) == ("ada", "start_maintenance", WHY)
    assert (entry.target, entry.outcome) == (f"maintain {started['dag_run_id']}", "done")


def test_a_viewer_is_refused_before_airflow_is_asked(
    api: httpx2.Client, users: AirflowUsers, owner: Engine
) -> None:
    with pytest.raises(ScopeMissingError):
        signed_in(api, VERA, owner).start_maintenance(reason=WHY)

    assert users.retrains.runs == []


def test_a_refusal_of_airflow_is_audited(
    api: httpx2.Client, users: AirflowUsers, owner: Engine
) -> None:
    users.retrains.refusal = (404, {"detail": "no such DAG"})
    ada = signed_in(api, ADA, owner)

    with pytest.raises(UnknownRunError, match="this run of maintain"):
        ada.start_maintenance(reason=WHY)

    [entry] = ada.audit().entries
    assert (entry.outcome, entry.problem) == ("refused", "unknown-run")
