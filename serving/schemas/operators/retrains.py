"""Operators' acts on retrains and ingests, and their answers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from serving.schemas.base import Answer, Number, with_example
from serving.schemas.operators.acts import Because

ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ParameterText = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
ParameterValue = ParameterText | bool | Annotated[int, Field(strict=True)] | Number | None


class NewRetrain(Because):
    """A request to start a retrain."""

    model_config = with_example(
        parameters={"search_budget_minutes": 15}, may_wait=False, reason="new titles"
    )

    parameters: dict[ParameterName, ParameterValue] = Field(
        default_factory=dict,
        max_length=30,
        json_schema_extra={"additionalProperties": False},  # names of another form
        description="Fields of the DAG's form; others keep their defaults. `reason` is set from "
        "the reason of this request.",
    )
    may_wait: bool = Field(
        default=False,
        description="Start it although another retrain is active: it then waits for its end. "
        "Without this, the request fails.",
    )


class RetrainAnswer(Because):
    """An answer to a retrain that waits for an approval."""

    model_config = with_example(approve=True, reason="lists look right")

    approve: bool


class DagRun(Answer):
    """A run of one of the data set's DAGs in Airflow."""

    model_config = with_example(
        dag_id="movielens_1m__retrain",
        run_id="manual__2026-11-24T12:00:00+00:00",
        state="queued",
        started_by="ada",
        queued_at="2026-11-24T12:00:00Z",
    )

    dag_id: str
    run_id: str
    state: str = Field(description="Airflow's state of the run: `queued`, `running`, …")
    started_by: str | None = Field(
        description="The Airflow user who started it; null for a schedule or new data."
    )
    queued_at: datetime | None
