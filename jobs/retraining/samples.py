"""Lists that the evaluated recipes give on the gate's window, kept for operators.

Lists of three users are shown side by side; those of up to a thousand users serve the preview of
slate rules.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.judging import evaluation
from jobs.engine.judging.evaluation import Evaluation, EvaluationUsers
from jobs.engine.learning.models import Model
from jobs.engine.recipes import SEED
from jobs.retraining.evaluation_windows import headline
from jobs.retraining.frozen_tables import Frozen
from warehouse.tables import SILVER_ITEMS
from warehouse.tables.vocabulary import Role

SAMPLE_LENGTH = 10  # items of a list that is shown
MAX_WINDOW_LISTS = 1000  # users per recipe
WINDOW_LIST_LENGTH = 100  # items


def sample_lists(
    rows: Frozen, users: EvaluationUsers, results: Evaluation, roles: Mapping[str, Role]
) -> list[dict[str, Any]]:
    """Return rows of gold.sample_lists for challenger, champion and the best popularity.

    The sample is drawn by a fixed seed, so it has the same users while the window has them.

    Args:
        rows: the retrain's.
        users: the evaluation users of the gate's window.
        results: the evaluation there.
        roles: by name of each fitted recipe.
    """
    examples = evaluation.examples(users, seed=SEED)
    shown = _shown(results, roles)
    lists = (
        results.lists.where(F.col("recipe").isin(list(shown)))
        .join(F.broadcast(examples), "user")
        .join(rows.users().select("user", "user_id"), "user")
        .select("recipe", "user_id", "slices", "relevant", F.slice("item_ids", 1, SAMPLE_LENGTH))
        .collect()
    )
    titles = _titles(rows, {item_id for row in lists for item_id in row[4]})
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
        for recipe, user_id, slices, relevant, item_ids in sorted(lists)
        if item_ids
    ]


def window_lists(rows: Frozen, users: EvaluationUsers, models: Sequence[Model]) -> DataFrame:
    """Return rows of gold.window_lists: the warm users' lists, of a sample if they are too many.

    Empty lists are left out.
    """
    sample = evaluation.sample(users, MAX_WINDOW_LISTS, seed=SEED)
    relevant = sample.relevant.select("user", "relevant")
    lists = [
        model.lists(sample.inputs, WINDOW_LIST_LENGTH).withColumn(
            "recipe", F.lit(model.recipe.name)
        )
        for model in models
    ]
    return (
        reduce(DataFrame.unionByName, lists)
        .where(F.size("item_ids") > 0)
        .join(F.broadcast(relevant), "user")
        .join(rows.users().select("user", "user_id"), "user")
        .select("recipe", "user_id", "item_ids", "scores", "relevant")
    )


def _shown(results: Evaluation, roles: Mapping[str, Role]) -> dict[str, Role]:
    """Return the recipes whose lists are kept, with their roles."""

    def value(recipe: str) -> float:
        figure = headline(results, recipe)
        return 0.0 if figure is None else figure.value

    popularities = [name for name, role in roles.items() if role == "popularity"]
    kept: dict[str, Role] = {
        name: role for name, role in roles.items() if role in ("challenger", "champion")
    }
    return kept | {max(popularities, key=value): "popularity"}


def _titles(rows: Frozen, item_ids: set[str]) -> dict[str, str]:
    items = rows.table(SILVER_ITEMS).where(F.col("item_id").isin(sorted(item_ids)))
    return {row["item_id"]: row["title"] for row in items.select("item_id", "title").collect()}
