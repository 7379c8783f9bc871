"""Airflow's own database is cleaned of old runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dags.operators import airflow_settings
from jobs import clean_airflow
from tests.dags.conftest import HOME

MONTH_AGO = datetime.now(UTC) - timedelta(days=30)


def connection_to(login: str) -> str:
    """Return a connection as JSON."""
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": 5433,
            "schema": "airflow",
            "login": login,
            "password": "secret",
        }
    )


def test_the_job_gets_airflows_database_and_folder_of_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert airflow_settings() == {}  # without the connection
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_METADATA", connection_to("airflow"))

    settings = airflow_settings()

    url = "postgresql+psycopg2://airflow:secret@127.0.0.1:5433/airflow"
    assert settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == url
    assert settings["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] == f"{HOME}/logs"
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", "/logs")
    assert airflow_settings()["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] == "/logs"


@pytest.mark.usefixtures("metadata")
def test_old_runs_are_deleted(tmp_path: Path) -> None:
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType
    from sqlalchemy import select

    old, new = MONTH_AGO - timedelta(days=1), MONTH_AGO + timedelta(days=1)
    dag_id = "cleaned__retrain"
    with create_session() as session:
        session.merge(DagBundleModel(name="tests"))
        session.flush()
        model = DagModel(dag_id=dag_id, bundle_name="tests", fileloc="x")  # type: ignore[no-untyped-call] # Airflow's
        session.add(model)
        session.flush()
        for name, at in (("old", old), ("new", new)):
            session.add(
                DagRun(
                    dag_id=dag_id,
                    run_id=name,
                    run_after=at,
                    start_date=at,
                    run_type=DagRunType.MANUAL,
                    state=DagRunState.SUCCESS,
                )
            )

    clean_airflow.run("cleaned", tmp_path, before=MONTH_AGO)

    with create_session() as session:
        kept = session.scalars(select(DagRun.run_id).where(DagRun.dag_id == dag_id)).all()
    assert kept == ["new"]
