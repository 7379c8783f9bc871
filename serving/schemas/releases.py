"""Releases, and the decisions that made them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from serving.schemas.base import Answer


class Release(Answer):
    """One complete set of lists. `live` is true for at most one release of a data set."""

    release_id: int
    recipe: str
    recipe_json: dict[str, object]
    verdict: str
    retrain_id: str = Field(description="`<dag id>/<run id>` of the retrain that made it.")
    n_users: int
    n_items: int
    ready_at: datetime
    live: bool
    live_since: datetime | None = None
    publishing_paused_by: str | None = None


class Verdict(Answer):
    """The gate's decision on one retrain, with its evidence in short."""

    retrain_id: str
    verdict: Literal["first", "promote", "refresh", "hold"]
    reason: str = Field(description="One sentence.")
    recipe: str | None = Field(description="Name of the recipe that was chosen; null for `hold`.")
    lines: tuple[dict[str, object], ...] = Field(
        description="The rule line by line: `rule`, `passed` (true, false or null), `detail`."
    )
    metrics: tuple[dict[str, object], ...] = Field(
        description="`recipe`, `role`, `metric`, `value`, `n_users`, and for the headline "
        "`difference`, `low`, `high`: the challenger's lead over that recipe with its interval."
    )
    decided_at: datetime

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the verdict that a row of the lake's table `gold.verdicts` holds."""
        lists = {"lines": json.loads(row["lines"]), "metrics": json.loads(row["comparisons"])}
        return cls.model_validate({**row, **lists})
