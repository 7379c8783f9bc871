"""What the parts of Airflow's client share: how they send requests, and paths below `/api/v2`."""

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

from airflow_api.answers import Run


class Requests(ABC):
    """A part of the client of Airflow. See `airflow_api.client` for its errors."""

    base_url: str

    @abstractmethod
    def _ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON with which Airflow answers a request."""

    @abstractmethod
    def _last_lines(self, path: str, n_lines: int) -> list[str]:
        """Return the last lines of JSON that Airflow streams, read as far as it has sent them."""


def quoted(path_id: str) -> str:
    """Return an id as one segment of a path."""
    return quote(path_id, safe="")


def path_of(run: Run) -> str:
    """Return the path of a run."""
    return f"/dags/{quoted(run.dag_id)}/dagRuns/{quoted(run.run_id)}"
