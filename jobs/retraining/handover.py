"""The rows of gold tables that a retrain's tasks write for its later tasks, read without Spark."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from jobs.engine import recipes
from jobs.engine.recipes import AnyRecipe
from jobs.runtime.errors import NothingChosenError, TaskMissingError
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_FITS,
    GOLD_FREEZES,
    GOLD_NOMINATIONS,
    GOLD_SEARCHES,
    GOLD_VERDICTS,
    Table,
)
from warehouse.tables.vocabulary import Outcome

Recipe = Annotated[AnyRecipe, BeforeValidator(recipes.parse)]
OptionalRecipe = Annotated[
    AnyRecipe | None, BeforeValidator(lambda text: None if text is None else recipes.parse(text))
]


class HandOver(BaseModel):
    """A retrain's row in `table`, which `jobs.<job>` writes."""

    model_config = ConfigDict(frozen=True)
    table: ClassVar[Table]
    job: ClassVar[str]

    @classmethod
    def find(cls, root: str, retrain_id: str) -> Self | None:
        """Return the retrain's row, or None if its job has not run."""
        rows = Lake(root).rows(cls.table, equals={"retrain_id": retrain_id})
        return cls.model_validate(rows[0]) if rows else None

    @classmethod
    def read(cls, root: str, retrain_id: str) -> Self:
        """Return the retrain's row.

        Raises:
            TaskMissingError: the job that writes it has not run.
        """
        row = cls.find(root, retrain_id)
        if row is None:
            table = cls.table.full_name
            raise TaskMissingError(f"{retrain_id}: no row in {table}; run jobs.{cls.job} first")
        return row


class Nomination(HandOver):
    """The recipes that a retrain starts with: no champion without a live release."""

    table, job = GOLD_NOMINATIONS, "nominate"
    challenger: Recipe
    champion: OptionalRecipe
    champion_release_id: int | None


class Freeze(HandOver):
    """The table versions that every task of the retrain reads."""

    table, job = GOLD_FREEZES, "freeze"
    versions: Mapping[str, int]
    n_interactions: int
    quarantine_share: float
    outbox_until: int | None = None
    users_until: int | None = None


class Search(HandOver):
    """The recipe that challenges the live one."""

    table, job = GOLD_SEARCHES, "search"
    challenger: Recipe


class Verdict(HandOver):
    """The gate's decision. The criteria and comparisons of the row are in `serving.schemas`."""

    table, job = GOLD_VERDICTS, "decide"
    verdict: Outcome
    reason: str
    recipe: OptionalRecipe = Field(validation_alias="recipe_json")
    publishes: bool
    new_items: bool | None = None

    @classmethod
    def to_publish(cls, root: str, retrain_id: str) -> tuple[AnyRecipe, Self]:
        """Return the recipe to publish, and the verdict that chose it.

        Raises:
            TaskMissingError: `decide` has not run.
            NothingChosenError: the verdict lets nothing be published.
        """
        verdict = cls.read(root, retrain_id)
        if verdict.recipe is None or not verdict.publishes:
            raise NothingChosenError(f"{retrain_id}: nothing is published. {verdict.reason}")
        return verdict.recipe, verdict


class Fit(HandOver):
    """The ledger's row of a complete fit."""

    table, job = GOLD_FITS, "fit"
    recipe: Recipe = Field(validation_alias="recipe_json")
    constants: Annotated[Mapping[str, Any], BeforeValidator(json.loads)]
    versions: Mapping[str, int]
    n_users: int
    fitted_at: datetime
