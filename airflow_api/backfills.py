"""The requests about backfills: runs of a DAG for past logical dates."""

from collections.abc import Mapping
from datetime import datetime

from airflow_api.base import Requests


class Backfills(Requests):
    """The part of the client of Airflow that is about backfills."""

    def backfill(
        self, dag_id: str, first: datetime, last: datetime, conf: Mapping[str, object]
    ) -> int:
        """Start a run per interval of the DAG from `first` to `last`, one at a time; return its id.

        Runs that have ended are repeated with the new values of the form.
        """
        body = {
            "dag_id": dag_id,
            "from_date": first.isoformat(),
            "to_date": last.isoformat(),
            "dag_run_conf": dict(conf),
            "reprocess_behavior": "completed",
            "max_active_runs": 1,
        }
        return int(self._ask("POST", "/backfills", json=body)["id"])

    def has_active_backfill(self, dag_id: str) -> bool:
        """Return whether a backfill of the DAG has not ended. Airflow allows only one."""
        params = {"dag_id": dag_id, "limit": 1, "order_by": "-id"}
        backfills = self._ask("GET", "/backfills", params=params)["backfills"]
        return any(backfill["completed_at"] is None for backfill in backfills)
