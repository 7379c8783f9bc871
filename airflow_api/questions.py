"""The requests about questions: what runs ask operators, and the answers."""

from airflow_api.answers import Question, Run, Task, question_of
from airflow_api.base import Requests, path_of, quoted

AWAITING = "awaiting_input"  # the state of a task that waits for an answer
APPROVE, REJECT = "Approve", "Reject"


class Questions(Requests):
    """The part of the client of Airflow that is about questions."""

    def question(self, run: Run) -> Question | None:
        """Return the run's question, answered or not; None if it has none."""
        details = self._ask("GET", f"{path_of(run)}/hitlDetails")["hitl_details"]
        return question_of(details[0]) if details else None

    def questions(self, dag_id: str) -> dict[str, Question]:
        """Return the 50 newest questions of a DAG by run id."""
        params = {"limit": 50, "order_by": "-created_at"}
        path = f"/dags/{quoted(dag_id)}/dagRuns/~/hitlDetails"
        details = self._ask("GET", path, params=params)["hitl_details"]
        return {fields["task_instance"]["dag_run_id"]: question_of(fields) for fields in details}

    def waiting(self) -> list[Question]:
        """Return the questions of all DAGs that wait for an answer, at most 50, newest first."""
        params = {
            "limit": 50, "order_by": "-created_at", "response_received": False, "state": AWAITING,
        }  # fmt: skip
        details = self._ask("GET", "/dags/~/dagRuns/~/hitlDetails", params=params)["hitl_details"]
        return [question_of(fields) for fields in details]

    def answer(self, run: Run, question: Question, *, approve: bool) -> None:
        """Answer as the signed-in user. Only the first answer counts."""
        path = f"{path_of(run)}/taskInstances/{quoted(question.task_id)}/-1/hitlDetails"
        self._ask("PATCH", path, json={"chosen_options": [APPROVE if approve else REJECT]})

    def question_page(self, run: Run, task: Task) -> str:
        """Return the URL of Airflow's page with a task's question."""
        run_page = f"{self.base_url}/dags/{quoted(run.dag_id)}/runs/{quoted(run.run_id)}"
        return f"{run_page}/tasks/{quoted(task.task_id)}/required_actions"
