"""What some known people would have seen under each contestant.

Three of them are for a person to look at; up to a thousand are what slate rules are tried on.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.judging import evaluation
from jobs.engine.judging.evaluation import Evaluation, EvaluationUsers
from jobs.engine.learning.models import Model
from jobs.retraining.frozen_tables import Frozen
from warehouse.tables import SILVER_ITEMS
from warehouse.tables.vocabulary import HEADLINE, WARM

SHOWN = 10
MOST_TRIED, LONGEST = 1000, 100  # people, items
_SEED = 20260101


def sample_lists(
    rows: Frozen, users: EvaluationUsers, results: Evaluation, roles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return rows of gold.sample_lists: challenger, champion and the best popularity.

    `roles` holds the role of each judged recipe. The same people are shown as long as the window
    holds them.
    """
    chosen = evaluation.examples(users, seed=_SEED)
    shown = _shown(results, roles)
    found = (
        results.lists.where(F.col("recipe").isin(list(shown)))
        .join(F.broadcast(chosen), "user")
        .join(rows.users().select("user", "user_id"), "user")
        .select("recipe", "user_id", "slices", "relevant", F.slice("item_ids", 1, SHOWN))
        .collect()
    )
    titles = _titles(rows, {item_id for row in found for item_id in row[4]})
    return [
        {
            "recipe": recipe,
            "role": shown[recipe],
            "user_id": user_id,
            "slices": slices,
            "item_ids": item_ids,
            "titles": [titles[item_id] for item_id in item_ids],
            "relevant": [item_id in relevant for item_id in item_ids],
            "n_relevant": len(relevant),
        }
        for recipe, user_id, slices, relevant, item_ids in sorted(found)
        if item_ids
    ]


def window_lists(rows: Frozen, users: EvaluationUsers, models: Sequence[Model]) -> DataFrame:
    """Return rows of gold.window_lists: everybody known, or a sample of so many as are tried.

    A list without any item is left out.
    """
    drawn = evaluation.sample(users, MOST_TRIED, seed=_SEED)
    relevant = drawn.relevant.select("user", "relevant")
    each = [
        model.lists(drawn.inputs, LONGEST).withColumn("recipe", F.lit(model.recipe.name))
        for model in models
    ]
    return (
        reduce(DataFrame.unionByName, each)
        .where(F.size("item_ids") > 0)
        .join(F.broadcast(relevant), "user")
        .join(rows.users().select("user", "user_id"), "user")
        .select("recipe", "user_id", "item_ids", "scores", "relevant")
    )


def _shown(results: Evaluation, roles: Mapping[str, str]) -> dict[str, str]:
    """Return the recipes whose lists are kept, with their roles."""
    popular = [name for name, role in roles.items() if role == "popularity"]
    best = max(popular, key=lambda name: _headline(results, name))
    stand = {name: role for name, role in roles.items() if role in ("challenger", "champion")}
    return stand | {best: "popularity"}


def _headline(results: Evaluation, recipe: str) -> float:
    figures = results.figures.get(recipe, [])
    found = (f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE))
    return next(found, 0.0)


def _titles(rows: Frozen, item_ids: set[str]) -> dict[str, str]:
    items = rows.table(SILVER_ITEMS).where(F.col("item_id").isin(sorted(item_ids)))
    return {row["item_id"]: row["title"] for row in items.select("item_id", "title").collect()}
