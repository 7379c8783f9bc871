"""The facts about a data set, and the figures for `/metrics`, as the job `alert` reads them."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session

from jobs.alerting import airflow_runs
from jobs.alerting.airflow_runs import LastSuccess
from monitoring.facts import DAG_KINDS, DagKind, Data, Facts, Orchestration, Serving
from monitoring.levels import LEVELS, Line
from monitoring.reading import lake as lake_facts
from monitoring.reading import serving as serving_facts
from serving.monitoring.measurements import Measured
from serving.publishing import evidence, releases
from serving.users import erasures, feedback
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake

log = logging.getLogger(__name__)

N_VERDICTS = 20
POSTGRES = "Postgres"  # its name among the services


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts about a data set are read.

    `airflow` is None without the connection `airflow_metadata`.
    """

    dataset: Dataset
    lake: Lake
    postgres: Engine
    airflow: Engine | None
    services: Mapping[str, bool]


def is_in_use(sources: Sources) -> bool:
    """Return whether the data set was ever loaded or released."""
    if lake_facts.is_loaded(sources.lake):
        return True
    try:
        with Session(sources.postgres) as session:
            return releases.live_id(session) is not None
    except ProgrammingError:  # it has no schema in Postgres
        return False


def facts(sources: Sources, *, now: datetime) -> Facts:
    """Return what is known about a data set now."""
    with sources.postgres.connect() as connection:
        session = Session(connection)
        kept = releases.kept(session)
        serving = serving_facts.serving(
            kept, evidence.newest(session, N_VERDICTS), feedback.outbox_state(connection)
        )
        open_erasures = erasures.open_erasures(connection)
    live = next((release.retrain_id for release in kept if release.live), None)
    return Facts(
        serving=serving,
        data=_data(sources.lake, live, now),
        orchestration=_orchestration(sources),
        erasures=serving_facts.erasures(open_erasures),
        services={POSTGRES: True, **sources.services},
        disk=lake_facts.disk(sources.lake.root),
    )


def facts_without_postgres(sources: Sources, *, now: datetime) -> Facts:
    """Return what is known while Postgres does not answer."""
    return Facts(
        data=_data(sources.lake, None, now),
        orchestration=_orchestration(sources),
        services={**sources.services, POSTGRES: False},
        disk=lake_facts.disk(sources.lake.root),
    )


def successes(sources: Sources) -> list[LastSuccess]:
    """Return the last success of each task; none if Airflow's database is not known."""
    if sources.airflow is None:
        return []
    name = sources.dataset.name
    try:
        with sources.airflow.connect() as connection:
            return [*airflow_runs.last_successes(connection, name, kinds(sources.dataset))]
    except SQLAlchemyError as error:
        log.warning("%s: Airflow's tasks cannot be read: %s", name, type(error).__name__)
        return []


def kinds(dataset: Dataset) -> tuple[DagKind, ...]:
    """Return the kinds of the data set's DAGs."""
    return tuple(kind for kind in DAG_KINDS if kind != "collect" or dataset.takes_feedback)


def figures(known: Facts, lines: tuple[Line, ...], tasks: list[LastSuccess]) -> Iterator[Measured]:
    """Yield the figures for `/metrics`: levels, tasks, and what the API cannot read itself."""
    for line in lines:
        yield Measured("status", line.check, LEVELS.index(line.level))
    for task in tasks:
        subject = f"{task.kind}/{task.task_id}"
        yield Measured("task_success", subject, task.ended_at.timestamp())
        yield Measured("task_seconds", subject, task.seconds)
    if known.data is not None:
        yield from _of_lake(known.data)
    if known.serving is not None:
        yield Measured("holds_in_a_row", "", _holds(known.serving))
    if known.disk is not None:
        yield Measured("lake_disk", "free", known.disk.n_free)
        yield Measured("lake_disk", "total", known.disk.n_total)


def _of_lake(data: Data) -> Iterator[Measured]:
    yield Measured("quarantined_rows", "", data.n_quarantined)
    yield Measured("reconciled", "", float(data.balances))
    if data.growth is not None:
        yield Measured("new_since_fit", "events", data.growth.n_events)
        if data.growth.n_users is not None:
            yield Measured("new_since_fit", "users", data.growth.n_users)
        if data.growth.n_items is not None:
            yield Measured("new_since_fit", "items", data.growth.n_items)


def _holds(serving: Serving) -> int:
    others = (n for n, verdict in enumerate(serving.verdicts) if verdict != "hold")
    return next(others, len(serving.verdicts))


def _data(lake: Lake, live_retrain_id: str | None, now: datetime) -> Data | None:
    try:
        return lake_facts.data(lake, live_retrain_id, now)
    except WarehouseError as error:
        log.warning("the lake cannot be read: %s", error)
        return None


def _orchestration(sources: Sources) -> Orchestration | None:
    if sources.airflow is None:
        return Orchestration()
    name = sources.dataset.name
    try:
        with sources.airflow.connect() as connection:
            return airflow_runs.orchestration(connection, name, kinds(sources.dataset))
    except SQLAlchemyError as error:
        log.warning("%s: Airflow's runs cannot be read: %s", name, type(error).__name__)
        return None
