"""Runs in Airflow, as one operator: retrains, ingests and maintenance. Each act is audited.

The act and its entry are one transaction as far as Airflow allows: the transaction is opened before
Airflow is asked, and committed after its answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from airflow_api.answers import NOTE_OF_STOPPED, Run
from airflow_api.client import (
    ENDED,
    Airflow,
    AirflowUnavailableError,
    RefusedRequestError,
    UnknownRunError,
)
from serving import errors, schemas
from serving.acts import audit
from serving.api.airflow_acts.translation import translated
from serving.api.operators import OperatorCaller

DagKind = Literal["retrain", "ingest", "maintain"]
NEWEST_RUNS = 10  # newest runs searched for an active one
MAX_NOTE_LENGTH = 1000  # characters that Airflow keeps of the note of a run


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the caller's data set. `airflow` has the caller's token."""

    airflow: Airflow
    caller: OperatorCaller

    def start(self, new: schemas.NewRetrain) -> schemas.DagRun:
        """Start a retrain.

        Raises:
            RetrainActiveError: another one is active, and the request may not wait.
            RequestRefusedError: a parameter does not fit the DAG's form.
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        run_id = _new_id()
        with self._act("start_retrain", "retrain", run_id, new.reason) as act:
            if not new.may_wait:
                self._refuse_if_active()
            parameters = {**new.parameters, "reason": new.reason}
            act.after = {"parameters": parameters}
            return _answer(self._trigger(self._dag_id, run_id, parameters))

    def start_ingest(self, *, reason: str) -> schemas.DagRun:
        """Start an ingest; it waits behind an active one.

        Raises:
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        run_id = _new_id()
        with self._act("start_ingest", "ingest", run_id, reason):
            return _answer(self._trigger(f"{self.caller.dataset}__ingest", run_id, {}))

    def start_maintenance(self, *, reason: str) -> schemas.DagRun:
        """Start a run of `maintain`; it waits behind an active one.

        Raises:
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        run_id = _new_id()
        with self._act("start_maintenance", "maintain", run_id, reason):
            return _answer(self._trigger(f"{self.caller.dataset}__maintain", run_id, {}))

    def stop(self, run_id: str, reason: str) -> schemas.DagRun:
        """Stop a retrain: its running tasks are ended, and nothing is published.

        Raises:
            UnknownRunError: there is no such run.
            RetrainEndedError: it has ended.
        """
        with self._act("stop_retrain", "retrain", run_id, reason) as act:
            run = self.airflow.find_run(self._dag_id, run_id)
            act.before = {"state": run.state}
            if run.state in ENDED:
                raise errors.RetrainEndedError(f"The retrain {run_id!r} ended as {run.state!r}.")
            note = f"{NOTE_OF_STOPPED}{self.caller.name}: {reason}"[:MAX_NOTE_LENGTH]
            stopped = self.airflow.stop(run, note)
            act.after = {"state": stopped.state}
            return _answer(stopped)

    def answer(self, run_id: str, given: schemas.RetrainAnswer) -> schemas.DagRun:
        """Approve or reject the model of a retrain that waits for an answer.

        Raises:
            UnknownRunError: there is no such run.
            NoQuestionError: it does not wait for an answer.
            OwnRetrainError: the caller started it, and may not approve it.
        """
        action: schemas.Action = "approve" if given.approve else "reject"
        with self._act(action, "retrain", run_id, given.reason) as act:
            run = self.airflow.find_run(self._dag_id, run_id)
            question = self.airflow.question(run)
            if question is None or question.answer is not None or run.state in ENDED:
                raise errors.NoQuestionError(f"The retrain {run_id!r} does not wait for an answer.")
            if given.approve:
                self._refuse_own(run)
            act.before = {"started_by": run.started_by}
            try:
                self.airflow.answer(run, question, approve=given.approve)
            except RefusedRequestError as error:
                raise errors.NoQuestionError(
                    f"Airflow refused the answer: {error.reason}"
                ) from error
            return _answer(run)

    @property
    def _dag_id(self) -> str:
        return f"{self.caller.dataset}__retrain"

    def _refuse_if_active(self) -> None:
        runs = self.airflow.runs(self._dag_id, limit=NEWEST_RUNS)
        active = next((run for run in reversed(runs) if run.state not in ENDED), None)
        if active is not None:
            raise errors.RetrainActiveError(f"The retrain {active.run_id!r} is {active.state}.")

    def _refuse_own(self, run: Run) -> None:
        is_own = run.started_by == self.caller.name
        if is_own and self.airflow.dag(self._dag_id).wants_another_approver:
            raise errors.OwnRetrainError(
                f"{self.caller.name!r} started this retrain and may not approve it."
            )

    def _trigger(self, dag_id: str, run_id: str, parameters: Mapping[str, object]) -> Run:
        """Start the run; without an answer, look whether it was started all the same."""
        try:
            return self.airflow.trigger(dag_id, parameters, run_id=run_id)
        except AirflowUnavailableError as error:
            try:
                return self.airflow.find_run(dag_id, run_id)
            except UnknownRunError:
                raise error from None

    @contextmanager
    def _act(
        self, action: schemas.Action, kind: DagKind, run_id: str, reason: str
    ) -> Iterator[audit.Act]:
        unknown = errors.UnknownRunError(
            f"Airflow does not know this run of {kind}, or has not loaded its DAG."
        )
        with (
            audit.act(self.caller.transaction, action, f"{kind} {run_id}", reason) as act,
            translated(unknown, f"the runs of {kind}"),
        ):
            yield act


def _new_id() -> str:
    return f"manual__{datetime.now(UTC).isoformat()}"


def _answer(run: Run) -> schemas.DagRun:
    return schemas.DagRun(
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        started_by=run.started_by,
        queued_at=run.queued_at,
    )
