"""Operators' requests to start backtests, and their answers."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from serving.schemas.base import Answer, with_example
from serving.schemas.operators.acts import Because

MAX_MONTHS = 60  # of the first to the last cut, both counted
MAX_AGES = 6
Period = Literal["month", "week"]


def _whole(value: object) -> object:
    """Return 4.0, which JSON Schema calls an integer, as one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Age = Annotated[int, Field(strict=True, ge=1, le=36), BeforeValidator(_whole)]


class NewBacktest(Because):
    """A request to start a backtest: a run per month, or per week if the manifest says so."""

    model_config = with_example(
        first="2002-01-01",
        last="2002-12-01",
        period="month",
        ages=[1, 2, 3, 6],
        recipe="",
        reason="how often to retrain",
    )

    first: date = Field(description="The first cut: models are trained on the events before it.")
    last: date = Field(description="The last cut, less than 60 months after the first one.")
    period: Period = Field(
        default="month", description="Length of the test window after a cut, and unit of the ages."
    )
    ages: tuple[Age, ...] = Field(
        default=(1, 2, 3, 6), max_length=MAX_AGES, description="Ages of the older models."
    )
    recipe: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = Field(
        default="", description="Name or JSON of a recipe; empty: that of the live release."
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
        if self.first > self.last:
            raise ValueError("the first cut must not be after the last one")
        if months >= MAX_MONTHS:
            raise ValueError(f"a backtest has at most {MAX_MONTHS} months")
        return self


class StartedBacktest(Answer):
    """A backfill of the data set's backtest in Airflow."""

    model_config = with_example(backfill_id=3, dag_id="movielens_1m__backtest")

    backfill_id: int
    dag_id: str
