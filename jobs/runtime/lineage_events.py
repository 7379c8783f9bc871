"""OpenLineage events of a job, to a file or a server, if LINEAGE_URL names one.

A job sends one event when it starts and one when it ends. The last one names what was read and
written, with versions, as the jobs and Delta's log recorded it. An event that cannot be sent is
logged, and the job goes on: its rows matter more.

Names of data sets and jobs: https://openlineage.io/docs/spec/naming
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
import requests
from deltalake.exceptions import DeltaError
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    error_message_run,
    job_type_job,
    parent_run,
    schema_dataset,
)
from openlineage.client.generated.base import DatasetFacet, RunFacet
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import HttpConfig, HttpTransport
from openlineage.client.transport.transport import Transport

from jobs.runtime import deadline, lineage_inputs
from jobs.runtime.lineage_inputs import READ_FROZEN, READS, READS_IN_POSTGRES
from jobs.runtime.lineage_settings import LineageSettings
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    BY_NAME,
    GOLD_FREEZES,
    TABLES,
    Table,
)

log = logging.getLogger(__name__)

NAMESPACE = "lantern"  # namespace of jobs
PRODUCER = "lantern"
ENDPOINT = "api/v1/lineage"
TIMEOUT_SECONDS = 5  # of each wait
IN_ALL_SECONDS = 15  # for an event, tried twice
SEARCHED_COMMITS = 20  # newest commits of a table, among which the run's is looked for
LISTS = "lists"  # a data set in Postgres


@dataclass
class JobEvents:
    """The events of one job. `root` is the folder or URL of the data set's tables."""

    dataset: Dataset
    root: str
    inbox: str
    run_key: RunKey
    started_at: datetime

    @classmethod
    def started(cls, dataset: Dataset, root: str, inbox: str, run_key: RunKey) -> Self:
        """Send the event of the start to LINEAGE_URL."""
        events = cls(dataset, root, inbox, run_key, datetime.now(UTC))
        events._send(RunState.START)
        return events

    def ended(self, failure: str) -> None:
        """Send the event of the end, with what was read and written.

        `failure` is the cause, or empty.
        """
        try:
            inputs, outputs = list(self._inputs()), list(self._outputs())
        except (WarehouseError, DeltaError, pa.ArrowException, OSError) as error:
            log.warning("no lineage of %s: %s: %s", self.run_key, type(error).__name__, error)
            inputs, outputs = [], []
        state = RunState.FAIL if failure else RunState.COMPLETE
        self._send(state, inputs, outputs, failure)

    @cached_property
    def _transport(self) -> Transport:
        return _transport(LineageSettings())

    @cached_property
    def _lake(self) -> Lake:
        return Lake(self.root)

    def _send(
        self,
        state: RunState,
        inputs: Sequence[InputDataset] = (),
        outputs: Sequence[OutputDataset] = (),
        failure: str = "",
    ) -> None:
        set_producer(PRODUCER)
        key = self.run_key
        facets: dict[str, RunFacet] = {
            "parent": parent_run.ParentRunFacet(
                parent_run.Run(str(uuid5(NAMESPACE_URL, key.retrain_id))),
                parent_run.Job(NAMESPACE, key.dag),
            )
        }
        if failure:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(failure, "Python")
        kind = job_type_job.JobTypeJobFacet("BATCH", "LANTERN", "TASK")
        event = RunEvent(
            eventType=state,
            eventTime=datetime.now(UTC).isoformat(),
            run=Run(str(uuid5(NAMESPACE_URL, f"{key} {self.started_at.isoformat()}")), facets),
            job=Job(NAMESPACE, f"{key.dag}.{key.task}", {"jobType": kind}),
            inputs=list(inputs),
            outputs=list(outputs),
        )
        try:
            deadline.within(IN_ALL_SECONDS, lambda: self._transport.emit(event))
        except (requests.RequestException, OSError) as error:  # or TimeoutError
            log.warning("an OpenLineage event was not sent: %s", type(error).__name__)
        except RuntimeError as error:  # of FileTransport, which raises it from the cause
            log.warning("an OpenLineage event was not sent: %s", type(error.__cause__).__name__)

    def _inputs(self) -> Iterator[InputDataset]:
        task, lake = self.run_key.task, self._lake
        if task in {"land", "listen"}:
            of_run = {"run_key": str(self.run_key)}
            landed = lake.rows(BRONZE_LANDINGS, columns=["source_file"], equals=of_run)
            files = [row["source_file"] for row in landed]
            for name in lineage_inputs.source_names(self.dataset, self.inbox, files):
                yield InputDataset(*name)
        if task in READS_IN_POSTGRES:
            yield InputDataset("postgres", f"{self.dataset.name}.{READS_IN_POSTGRES[task]}")
        if task in READ_FROZEN:
            of_retrain = {"retrain_id": self.run_key.retrain_id}
            for row in lake.rows(GOLD_FREEZES, columns=["versions"], equals=of_retrain):
                for name, version in dict(row["versions"]).items():
                    if name in BY_NAME:  # a table of earlier versions of Lantern may be gone
                        yield InputDataset(*self._name(BY_NAME[name]), facets=_version(version))
        for table in READS.get(task, ()):
            if lake.exists(table):
                version = _version(lake.version(table))
                yield InputDataset(*self._name(table), facets=version)

    def _outputs(self) -> Iterator[OutputDataset]:
        for table in filter(self._lake.exists, TABLES):
            commits = self._lake.history(table, limit=SEARCHED_COMMITS)
            written = next((c.version for c in commits if c.run_key == self.run_key), None)
            if written is not None:
                yield OutputDataset(*self._name(table), facets=_version(written) | _schema(table))
        if self.run_key.task == "publish":
            yield OutputDataset("postgres", f"{self.dataset.name}.{LISTS}")

    def _name(self, table: Table) -> tuple[str, str]:
        return lineage_inputs.named(table.uri(self.root))


def _version(version: int) -> dict[str, DatasetFacet]:
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(version))}


def _schema(table: Table) -> dict[str, DatasetFacet]:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(column.name, column.type, column.doc)
        for column in table.columns
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields)}


def _transport(settings: LineageSettings) -> Transport:
    url = settings.url or ""
    if url.startswith("file:"):
        path = Path(unquote(urlsplit(url).path))
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileTransport(FileConfig(str(path), append=True))
    key = settings.api_key and settings.api_key.get_secret_value()
    options = {
        "url": url,
        "endpoint": ENDPOINT,
        "timeout": TIMEOUT_SECONDS,
        "retry": {"total": 1},
    }
    auth = {"auth": {"type": "api_key", "apiKey": key}} if key else {}
    return HttpTransport(HttpConfig.from_dict(options | auth))
