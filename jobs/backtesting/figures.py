"""Rows of gold.backtests: figures of models on the same test rows, with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.engine.item_recipes import Recipe
from jobs.engine.judging import intervals
from jobs.engine.judging.evaluation import Figure
from warehouse.tables.vocabulary import HEADLINE, Role

MIN_USERS = 10  # with fewer, an interval of the bootstrap is far too narrow


@dataclass(frozen=True)
class EvaluatedModel:
    """A model of a recipe at an age in periods. `by_user` is each user's headline metric."""

    recipe: Recipe
    role: Role
    age: int
    fit_seconds: float
    figures: Sequence[Figure]
    by_user: Mapping[int, float]


def rows(
    fresh: EvaluatedModel, others: Sequence[EvaluatedModel], slices: Mapping[int, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return a row per model, slice and metric. `fresh` is the champion at age 0.

    `slices` are those of each evaluated user.
    """
    members: dict[str, list[int]] = {}
    for user in sorted(slices):
        for name in slices[user]:
            members.setdefault(name, []).append(user)
    return [
        {
            "champion": fresh.recipe.name,
            "recipe": model.recipe.name,
            "recipe_json": model.recipe.model_dump_json(),
            "role": model.role,
            "age": model.age,
            "fit_seconds": model.fit_seconds,
        }
        | asdict(figure)
        | _intervals(model, fresh, figure, members)
        for model in (fresh, *others)
        for figure in model.figures
    ]


def _intervals(
    model: EvaluatedModel, fresh: EvaluatedModel, figure: Figure, members: Mapping[str, list[int]]
) -> dict[str, float | None]:
    """Return the interval of the headline metric, and that of the loss against `fresh`."""
    names = ("low", "high", "loss", "loss_low", "loss_high")
    users = members.get(figure.slice, [])
    if figure.metric != HEADLINE or len(users) < MIN_USERS:
        return dict.fromkeys(names)
    values = _values(model, users)
    own = intervals.paired(values)
    if model is fresh:
        return dict.fromkeys(names) | {"low": own.low, "high": own.high}
    loss = intervals.paired(_values(fresh, users) - values)
    return dict(zip(names, (own.low, own.high, loss.mean, loss.low, loss.high), strict=True))


def _values(model: EvaluatedModel, users: Sequence[int]) -> NDArray[np.float64]:
    return np.array([model.by_user[user] for user in users], np.float64)
