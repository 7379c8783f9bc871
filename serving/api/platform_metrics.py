"""Metrics for Prometheus of the platform's own work: releases, erasures, alerts, runs, the lake.

The API reads no lake and no run of Airflow: their figures are those of the last run of the job
`alert`, which `lantern_checked_timestamp_seconds` dates.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from serving.api.datasets import Datasets
from serving.errors import ApiError
from serving.monitoring import alerts, measurements
from serving.users import erasures


@dataclass(frozen=True, slots=True)
class _Metric:
    """Name, help and labels of a metric; each sample also has the label `dataset`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


# By the name of the figure that the job `alert` records. The parts of the figure's subject, between
# `/`, are the labels of its sample.
_OF_FIGURES = {
    "status": _Metric("lantern_status", "Level of a check: 0 green, 1 amber, 2 red.", ("check",)),
    "task_success": _Metric(
        "lantern_task_last_success_timestamp_seconds",
        "End of a task's last success, as Unix time.",
        ("dag", "task"),
    ),
    "task_seconds": _Metric(
        "lantern_task_last_success_seconds", "Duration of a task's last success.", ("dag", "task")
    ),
    "quarantined_rows": _Metric("lantern_quarantined_rows", "Rows in quarantine."),
    "reconciled": _Metric(
        "lantern_reconciled", "Whether the events of Postgres, bronze and silver add up."
    ),
    "holds_in_a_row": _Metric(
        "lantern_holds_in_a_row", "Number of the last retrains in a row with the verdict `hold`."
    ),
    "new_since_fit": _Metric(
        "lantern_new_since_fit", "What arrived since the fit of the live release.", ("kind",)
    ),
    "lake_disk": _Metric(
        "lantern_lake_disk_bytes", "Space on the lake's disk: `free` and `total`.", ("space",)
    ),
}
_RELEASE_AGE = _Metric("lantern_release_age_seconds", "How long the live release has been live.")
_PAUSED = _Metric("lantern_publishing_paused", "Whether an operator paused publishing.")
_ERASURES = _Metric(
    "lantern_erasures_open",
    "Erased users with `rows` in the lake, and in old `files`.",
    ("stage",),
)
_OLDEST = _Metric(
    "lantern_erasures_oldest_age_seconds", "Age of the oldest open erasure.", ("stage",)
)
_ALERTS = _Metric(
    "lantern_alerts_open", "Alerts that were reported and are not resolved.", ("target", "level")
)
_CHECKED = _Metric(
    "lantern_checked_timestamp_seconds", "When the job `alert` last ran, as Unix time."
)
_ALL = (*_OF_FIGURES.values(), _RELEASE_AGE, _PAUSED, _ERASURES, _OLDEST, _ALERTS, _CHECKED)

_LIVE = text(
    "select since, publishing_paused_by is not null as is_paused"
    " from live_release join releases using (release_id)"
)

Sample = tuple[_Metric, tuple[str, ...], float]  # labels without the data set


class PlatformCollector(Collector):
    """The state of each data set, read at each scrape."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every metric, without samples of data sets that cannot be read."""
        families = {
            metric.name: GaugeMetricFamily(
                metric.name, metric.help, labels=["dataset", *metric.labels]
            )
            for metric in _ALL
        }
        with suppress(SQLAlchemyError):  # `lantern_database_up` reports it
            for dataset in self._datasets.names():
                with suppress(ApiError), self._datasets.connection(dataset) as connection:
                    samples = [*_samples(connection)]  # all, before the first is added
                    for metric, labels, value in samples:
                        families[metric.name].add_metric([dataset, *labels], value)
        yield from families.values()


def _samples(connection: Connection) -> Iterator[Sample]:
    """Yield the samples of the data set of a connection."""
    yield from _release(connection)
    yield from _erasures(connection)
    for target, level, n_open in alerts.counts(connection):
        yield _ALERTS, (target, level), n_open
    figures, measured_at = measurements.newest(connection)
    for figure in figures:
        metric = _OF_FIGURES.get(figure.name)
        if metric is not None:  # another version of the job may record others
            yield metric, tuple(figure.subject.split("/"))[: len(metric.labels)], figure.value
    if measured_at is not None:
        yield _CHECKED, (), measured_at.timestamp()


def _release(connection: Connection) -> Iterator[Sample]:
    live = connection.execute(_LIVE).one_or_none()
    if live is not None:
        yield _RELEASE_AGE, (), _age(live.since)
        yield _PAUSED, (), float(live.is_paused)


def _erasures(connection: Connection) -> Iterator[Sample]:
    open_erasures = erasures.open_erasures(connection)
    yield _ERASURES, ("rows",), open_erasures.n_with_rows
    yield _ERASURES, ("files",), open_erasures.n_with_files
    yield _OLDEST, ("rows",), _age(open_erasures.oldest_with_rows_at)
    yield _OLDEST, ("files",), _age(open_erasures.oldest_with_files_at)


def _age(since: datetime | None) -> float:
    """Return the seconds since a moment; 0 without one."""
    return 0.0 if since is None else max(time.time() - since.timestamp(), 0.0)
