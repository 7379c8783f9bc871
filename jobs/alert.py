"""Check all data sets in use, send alerts about what needs a person, record figures. No Spark.

An alert is sent when it is new, when it gets worse, when it is resolved, and again after a day, to
each target that `ALERT_` settings name, and to the log. A target that does not take it gets it from
the next run; the run does not fail. Alerts and the console's status come from the same function,
`monitoring.status.lines`. While Postgres does not answer, alerts are about that, the lake and the
services, and the run fails at its end.

Run: python -m jobs.alert
"""

import argparse
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from jobs.alerting import gathering, targets
from jobs.alerting.gathering import Sources
from jobs.alerting.reported import InFile, InPostgres, Record
from jobs.alerting.settings import AlertSettings
from jobs.alerting.targets import DeliveryError, Target
from jobs.runtime import entrypoint
from jobs.runtime.errors import NotCheckedError
from jobs.runtime.logs import event
from monitoring import alerts, status
from monitoring.checks import platform
from monitoring.levels import Line
from monitoring.limits import Limits
from monitoring.reading import services
from serving.errors import ServingError
from serving.monitoring import measurements
from serving.storage import database
from warehouse import datasets
from warehouse.query import Lake
from warehouse.settings import LakeSettings

log = logging.getLogger(__name__)

UNREACHABLE = (OperationalError, InterfaceError)  # not an older schema, which `lantern up` updates
AIRFLOW_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def check(sources: Sources, lake: LakeSettings, *, now: datetime) -> tuple[Line, ...]:
    """Return the status of a data set, and record its figures."""
    facts = gathering.facts(sources, now=now)
    lines = status.lines(facts, Limits.of(sources.dataset, lake), now=now)
    tasks = gathering.successes(sources)
    with sources.postgres.begin() as connection:
        figures = gathering.figures(facts, lines, tasks)
        measurements.replace(connection, figures, now=now)
    return lines


def check_without_postgres(
    sources: Sources, lake: LakeSettings, *, now: datetime
) -> tuple[Line, ...]:
    """Return what is known while Postgres does not answer; nothing if the lake has no data."""
    facts = gathering.facts_without_postgres(sources, now=now)
    if facts.data is not None and not facts.data.is_loaded:
        return ()
    return status.lines_without_postgres(facts, Limits.of(sources.dataset, lake), now=now)


def report(
    lines: Mapping[str, Sequence[Line]],
    records: Mapping[str, Record],
    receivers: Sequence[Target],
    *,
    now: datetime,
    remind_after: timedelta,
) -> int:
    """Send what is due to each target; return the number of targets that did not take it."""
    n_failed = 0
    for target in receivers:
        notices = [
            notice
            for dataset, of_dataset in lines.items()
            for notice in alerts.due(
                dataset,
                of_dataset,
                records[dataset].reported(target.name),
                now=now,
                remind_after=remind_after,
            )
        ]
        if not notices:
            continue
        try:
            target.send(alerts.once(notices, shared=platform.CHECKS))
        except DeliveryError as error:
            n_failed += 1
            log.warning(event("alert_not_delivered", target=target.name, cause=str(error)))
            continue
        for notice in notices:
            records[notice.dataset].add(target.name, notice, now)
    return n_failed


def run(
    sources: Sequence[Sources], lake: LakeSettings, settings: AlertSettings, *, now: datetime
) -> int:
    """Check the data sets and send alerts; return the number of targets that did not take them.

    Raises:
        NotCheckedError: Postgres cannot be read for a data set; the others were checked.
    """
    lines: dict[str, tuple[Line, ...]] = {}
    records: dict[str, Record] = {}
    not_checked = []
    for of_dataset in sources:
        name = of_dataset.dataset.name
        in_file, in_postgres = InFile.of(lake, name), InPostgres(of_dataset.postgres)
        records[name] = in_postgres
        try:
            if gathering.is_in_use(of_dataset):
                lines[name] = check(of_dataset, lake, now=now)
                in_postgres.take_over(in_file)
        except SQLAlchemyError as error:
            log.error("%s: Postgres cannot be read: %s", name, type(error).__name__)  # noqa: TRY400
            not_checked.append(name)
            lines.pop(name, None)
            if isinstance(error, UNREACHABLE):
                lines[name] = check_without_postgres(of_dataset, lake, now=now)
                records[name] = in_file
    every_line = [line for of_dataset in lines.values() for line in of_dataset]
    n_failed = report(
        lines,
        records,
        targets.of(settings),
        now=now,
        remind_after=timedelta(hours=settings.reminder_hours),
    )
    n_bad = sum(not line.is_ok for line in every_line)
    counts = {"datasets": len(lines), "checks": len(every_line), "not_ok": n_bad}
    log.info(event("checked", **counts, targets_failed=n_failed))
    if not_checked:
        raise NotCheckedError(
            f"{', '.join(not_checked)}: not checked, as Postgres cannot be read. Run `lantern "
            "status`; if Postgres answers, run `lantern up`, which updates the schemas"
        )
    return n_failed


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    argparse.ArgumentParser(prog="python -m jobs.alert", description=__doc__).parse_args(argv)
    lake, settings = LakeSettings(), AlertSettings()
    airflow = os.environ.get(AIRFLOW_DATABASE)
    airflow_engine = create_engine(airflow) if airflow else None
    answering = services.answering(
        api_url=settings.api_url, airflow_url=settings.airflow_url, app_url=settings.app_url
    )
    sources = [
        Sources(
            dataset=dataset,
            lake=Lake(lake.of(dataset.name)),
            postgres=database.engine(dataset.name),
            airflow=airflow_engine,
            services=answering,
        )
        for dataset in datasets.installed()
    ]
    run(sources, lake, settings, now=datetime.now(UTC))


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
