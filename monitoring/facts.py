"""What is known about the platform and one data set at a moment: the inputs of `status`.

A fact is None if its source does not answer; the status then says so. No fact names a user or an
operator. Times are in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from warehouse.maintenance.growth import Growth

DagKind = Literal["ingest", "collect", "retrain", "maintain"]
STOPPED = "stopped"
ACTIVE = ("queued", "running")  # states of a run that has not ended
DAG_KINDS: tuple[DagKind, ...] = ("ingest", "collect", "retrain", "maintain")


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """The live release, and since when publishing has been paused, if it is."""

    release_id: int
    live_since: datetime
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """What Postgres knows. `verdicts` has the newest decisions of the gate, newest first."""

    release: LiveRelease | None
    verdicts: tuple[str, ...] = ()
    n_waiting: int = 0
    oldest_waiting_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Rows of one target (`ratings`, `events`, `items` …) that were refined and quarantined."""

    target: str
    n_rows: int
    n_quarantined: int

    @property
    def share(self) -> float:
        """Share of the rows in quarantine, 0 to 1."""
        return self.n_quarantined / self.n_rows if self.n_rows else 0.0


@dataclass(frozen=True, slots=True)
class Data:
    """What the lake knows about the data set. It is loaded once a file or event was landed."""

    is_loaded: bool = False
    newest_file_at: datetime | None = None
    oldest_pending_at: datetime | None = None
    quarantine: tuple[Quarantine, ...] = ()
    n_quarantined: int = 0
    balances: bool = True
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class DagState:
    """The newest run of a DAG.

    `state` is Airflow's, or STOPPED if an operator stopped the run; None: the DAG never ran.
    """

    is_paused: bool = False
    state: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Orchestration:
    """What Airflow knows: each DAG by kind, and since when each approval has been waiting.

    `approvals` is None if no address of Airflow's database is set: it is then not known whether a
    retrain waits for one.
    """

    dags: Mapping[DagKind, DagState] = field(default_factory=dict)
    approvals: tuple[datetime, ...] | None = None


@dataclass(frozen=True, slots=True)
class Erasures:
    """Erasures that are not complete: the oldest request with rows, and with old files left."""

    n_with_rows: int = 0
    oldest_with_rows_at: datetime | None = None
    n_with_files: int = 0
    oldest_with_files_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """Free and total bytes of the disk that has this folder."""

    folder: str
    n_free: int
    n_total: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All inputs of the status of one data set.

    `services` has whether each service answers, by its name on pages; a service that is not
    checked is absent. `disk` is None if the lake is not on a disk.
    """

    serving: Serving | None = None
    data: Data | None = None
    orchestration: Orchestration | None = None
    erasures: Erasures | None = None
    services: Mapping[str, bool] = field(default_factory=dict)
    disk: Disk | None = None

    @property
    def is_in_use(self) -> bool:
        """Whether the data set was ever loaded or released, as far as the sources answer."""
        is_loaded = self.data is None or self.data.is_loaded
        is_released = self.serving is None or self.serving.release is not None
        return is_loaded or is_released
