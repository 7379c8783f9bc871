"""The requests about runs of DAGs: start, stop, tasks and their logs."""

import json
from collections.abc import Mapping

from airflow_api.answers import Run, Task, run_of, task_of
from airflow_api.base import Requests, path_of, quoted


class Runs(Requests):
    """The part of the client of Airflow that is about runs."""

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, object] | None = None,
        *,
        run_id: str | None = None,
    ) -> Run:
        """Start a run, by default with an id that Airflow chooses.

        An invalid value of the form raises AirflowError with the reason.
        """
        body: dict[str, object] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id is not None:
            body["dag_run_id"] = run_id
        return run_of(self._ask("POST", f"/dags/{quoted(dag_id)}/dagRuns", json=body))

    def stop(self, run: Run, note: str) -> Run:
        """Let a run fail: its running tasks are ended, the others do not start."""
        body = {"state": "failed", "note": note}
        return run_of(self._ask("PATCH", path_of(run), json=body))

    def run(self, run: Run) -> Run:
        """Return the run with its current state."""
        return self.find_run(run.dag_id, run.run_id)

    def find_run(self, dag_id: str, run_id: str) -> Run:
        """Return the run of a DAG with this id."""
        path = f"/dags/{quoted(dag_id)}/dagRuns/{quoted(run_id)}"
        return run_of(self._ask("GET", path))

    def runs(self, dag_id: str, *, limit: int = 10) -> list[Run]:
        """Return the newest runs of a DAG, newest first."""
        params = {"limit": limit, "order_by": "-run_after"}
        answer = self._ask("GET", f"/dags/{quoted(dag_id)}/dagRuns", params=params)
        return [run_of(fields) for fields in answer["dag_runs"]]

    def tasks(self, run: Run) -> list[Task]:
        """Return the tasks of a run in the order in which they started; unstarted ones last."""
        instances = self._ask("GET", f"{path_of(run)}/taskInstances")["task_instances"]
        return sorted(
            map(task_of, instances), key=lambda task: (task.started_at is None, task.started_at)
        )

    def log(self, run: Run, task: Task) -> list[str]:
        """Return the log lines of a task's last try."""
        path = f"{path_of(run)}/taskInstances/{quoted(task.task_id)}/logs/{task.try_number}"
        lines = self._ask("GET", path, params={"full_content": True})["content"]
        return [str(line["event"]) for line in lines if "event" in line]

    def log_tail(self, run: Run, task: Task, n_lines: int) -> list[str]:
        """Return the last log lines of a task's last try."""
        path = f"{path_of(run)}/taskInstances/{quoted(task.task_id)}/logs/{task.try_number}"
        return [str(json.loads(line).get("event", "")) for line in self._last_lines(path, n_lines)]
