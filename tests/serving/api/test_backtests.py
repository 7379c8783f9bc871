"""Operators start backtests: performed in Airflow with their token, and audited."""

from collections.abc import Iterator
from datetime import date

import httpx2
import pytest
from sqlalchemy import Engine

from serving.errors import (
    ApiError,
    BacktestActiveError,
    KeyRefusedError,
    OperatorCheckUnavailableError,
    RequestRefusedError,
    ScopeMissingError,
    UnknownBacktestError,
)
from serving.operator_client import OperatorClient
from tests.conftest import schema_of
from tests.support.serving.airflow_retrains import AirflowRetrains
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

FIRST, LAST, WHY = date(2025, 1, 1), date(2025, 6, 1), "how often to retrain"


@pytest.fixture
def users() -> AirflowUsers:
    return AirflowUsers()


@pytest.fixture
def dags(users: AirflowUsers) -> AirflowRetrains:
    return users.retrains


@pytest.fixture
def http(users: AirflowUsers, owner: Engine, committing: str) -> Iterator[httpx2.Client]:
    with users.served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow, "operator_cache_seconds": 0}
        settings = UNCACHED.model_copy(update=own)
        with (
            running_api(as_role(committing, "api"), settings) as url,
            httpx2.Client(base_url=url, timeout=10) as http,
        ):
            yield http


@pytest.fixture
def ada(http: httpx2.Client, owner: Engine) -> OperatorClient:
    http.headers["Authorization"] = f"Bearer {ADA}"
    return OperatorClient(http, schema_of(owner))


def test_a_backtest_is_a_backfill_as_the_operator_and_audited(
    ada: OperatorClient, dags: AirflowRetrains
) -> None:
    dags.paused = True

    started = ada.start_backtest(FIRST, LAST, period="week", ages=[4, 1, 4], reason=WHY)

    [backfill] = dags.backfills
    assert backfill == {
        "id": started.backfill_id,
        "completed_at": None,
        "dag_id": started.dag_id,
        "from_date": "2025-01-01T00:00:00+00:00",
        "to_date": "2025-06-01T00:00:00+00:00",
        "dag_run_conf": {"period": "week", "ages": "1,4", "recipe": ""},
        "reprocess_behavior": "completed",
        "max_active_runs": 1,
    }
    assert not dags.paused
    [entry] = ada.audit(limit=1).entries
    assert (entry.actor, entry.action, entry.reason) == ("ada", "start_backtest", WHY)
    assert (entry.target, entry.outcome) == ("backtest 2025-01-01 to 2025-06-01", "done")
    assert entry.before == {"is_paused": True}
    assert entry.after is not None
    assert entry.after["parameters"] == {"period": "week", "ages": "1,4", "recipe": ""}


def test_a_second_backtest_is_refused_while_one_is_active(
    ada: OperatorClient, dags: AirflowRetrains
) -> None:
    ada.start_backtest(FIRST, LAST, reason=WHY)
    with pytest.raises(BacktestActiveError, match="has not ended"):
        ada.start_backtest(FIRST, LAST, reason="again")
    assert ada.audit(limit=1).entries[0].problem == "backtest-active"

    dags.backfills[0]["completed_at"] = "2026-01-01T00:00:00+00:00"
    ada.start_backtest(FIRST, LAST, reason="again")
    assert len(dags.backfills) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"first": "2025-07-01"},
        {"first": "2019-06-01"},
        {"ages": [0]},
        {"ages": [37]},
        {"ages": [1, 2, 3, 4, 5, 6, 7]},
        {"period": "day"},
        {"reason": ""},
        {"recipe": "x\x00"},
    ],
)
def test_a_value_out_of_range_starts_nothing(
    ada: OperatorClient,
    http: httpx2.Client,
    owner: Engine,
    dags: AirflowRetrains,
    change: dict[str, object],
) -> None:
    assert ada.audit(limit=1).total == 0
    body = {"first": "2025-01-01", "last": "2025-06-01", "reason": WHY} | change
    answer = http.post(f"/v1/{schema_of(owner)}/backtests", json=body)
    assert answer.status_code == 422
    assert dags.backfills == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefusedError),
        (401, KeyRefusedError),
        (403, ScopeMissingError),
        (404, UnknownBacktestError),
        (503, OperatorCheckUnavailableError),
    ],
)
def test_a_refusal_of_airflow_starts_nothing_and_is_audited(
    ada: OperatorClient, dags: AirflowRetrains, status: int, error: type[ApiError]
) -> None:
    dags.refusal = (status, {"detail": "no"})
    with pytest.raises(error):
        ada.start_backtest(FIRST, LAST, reason=WHY)
    assert dags.backfills == []
    dags.refusal = None
    [entry] = ada.audit(limit=1).entries
    assert (entry.action, entry.outcome) == ("start_backtest", "refused")


def test_a_viewer_starts_nothing(
    ada: OperatorClient, http: httpx2.Client, dags: AirflowRetrains
) -> None:
    http.headers["Authorization"] = f"Bearer {VERA}"
    with pytest.raises(ScopeMissingError):
        ada.start_backtest(FIRST, LAST, reason=WHY)
    assert dags.backfills == []
