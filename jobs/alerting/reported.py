"""What was reported to each target of alerts: in Postgres or, while it is down, in a file."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from monitoring.alerts import Notice, Reported
from monitoring.levels import Level
from serving.monitoring import alerts as in_postgres
from warehouse.settings import LakeSettings

log = logging.getLogger(__name__)

FILE = ".reported_alerts.json"  # in the folder of the lake; it has all data sets

_LEVEL = TypeAdapter[Level](Level)
_ByCheck = dict[str, Reported]
_Content = dict[str, dict[str, _ByCheck]]  # of the file: by data set and target
_CONTENT = TypeAdapter(_Content)


class Record(Protocol):
    """What was reported about one data set."""

    def reported(self, target: str) -> _ByCheck:
        """Return what was reported to a target and is not resolved, by check."""

    def add(self, target: str, notice: Notice, now: datetime) -> None:
        """Record that a notice reached a target."""


@dataclass(frozen=True)
class InPostgres:
    """The record in the schema of a data set."""

    engine: Engine

    def reported(self, target: str) -> _ByCheck:
        """See `Record.reported`."""
        with self.engine.connect() as connection:
            rows = in_postgres.reported(connection, target)
        return {
            row.name: Reported(_LEVEL.validate_python(row.level), row.since, row.reported_at)
            for row in rows
        }

    def add(self, target: str, notice: Notice, now: datetime) -> None:
        """See `Record.add`."""
        with self.engine.begin() as connection:
            name, level = notice.line.check, notice.line.level
            in_postgres.record(connection, target, name, level=level, since=notice.since, now=now)

    def take_over(self, file: "InFile") -> None:
        """Copy what the file has and Postgres lacks, and empty the file.

        The file has what was reported while Postgres was down.
        """
        for target, check, report in file.entries():
            if check not in self.reported(target):
                with self.engine.begin() as connection:
                    in_postgres.record(
                        connection,
                        target,
                        check,
                        level=report.level,
                        since=report.since,
                        now=report.reported_at,
                    )
        file.clear()


@dataclass(frozen=True)
class InFile:
    """The record of a data set in a file that all data sets share.

    Without a `path`, as for a lake in an object store, nothing is recorded, so each run reports
    again.
    """

    path: Path | None
    dataset: str

    @classmethod
    def of(cls, lake: LakeSettings, dataset: str) -> "InFile":
        """Return the record beside the tables of a lake."""
        return cls(None if "://" in lake.root else Path(lake.root, FILE), dataset)

    def reported(self, target: str) -> _ByCheck:
        """See `Record.reported`."""
        return self._read().get(self.dataset, {}).get(target, {})

    def add(self, target: str, notice: Notice, now: datetime) -> None:
        """See `Record.add`."""
        content = self._read()
        by_check = content.setdefault(self.dataset, {}).setdefault(target, {})
        if notice.line.is_ok:
            by_check.pop(notice.line.check, None)
        else:
            by_check[notice.line.check] = Reported(notice.line.level, notice.since, now)
        self._write(content)

    def entries(self) -> Iterator[tuple[str, str, Reported]]:
        """Yield target, check and report of all that is recorded about the data set."""
        for target, by_check in self._read().get(self.dataset, {}).items():
            for check, report in by_check.items():
                yield target, check, report

    def clear(self) -> None:
        """Delete what is recorded about the data set."""
        content = self._read()
        if content.pop(self.dataset, None) is not None:
            self._write(content)

    def _read(self) -> _Content:
        if self.path is None or not self.path.exists():
            return {}
        try:
            return _CONTENT.validate_json(self.path.read_bytes())
        except (OSError, ValidationError) as error:
            log.warning("%s cannot be read: %s; alerts are sent again", self.path, error)
            return {}

    def _write(self, content: _Content) -> None:
        if self.path is None:
            return
        unfinished = self.path.with_suffix(".new")
        try:
            unfinished.write_bytes(_CONTENT.dump_json(content))
            unfinished.replace(self.path)
        except OSError as error:
            log.warning("%s cannot be written: %s; alerts are sent again", self.path, error)
