"""Lists of the evaluated recipes on the gate's window, kept for operators.

Lists of three users are shown side by side. The preview of slate rules uses those of up to a
thousand users.
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

    The seed is fixed, so the sample has the same users while the window has them. `users` and
    `results` are those of the gate's window, `roles` is by name of each fitted recipe.
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
    """Return rows of gold.window_lists: the non-empty lists of a sample of the warm users."""
    sample = evaluation.sample(users, MAX_WINDOW_LISTS, seed=SEED)
    relevant = sample.relevant.select("user", "relevant")
    lists = [
        m.lists(sample.inputs, WINDOW_LIST_LENGTH).withColumn("recipe", F.lit(m.recipe.name))
        for m in models
    ]
    return (
        reduce(DataFrame.unionByName, lists)
        .where(F.size("item_ids") > 0)
        .join(F.broadcast(relevant), "user")
        .join(rows.users().select("user", "user_id"), "user")
        .select("recipe", "user_id", "item_ids", "scores", "relevant")
    )


def _shown(results: Evaluation, roles: Mapping[str, Role]) -> dict[str, Role]:
    """Return the roles of challenger, champion and the best popularity, by recipe."""
    figures = {name: headline(results, name) for name in roles}
    values = {name: 0.0 if figure is None else figure.value for name, figure in figures.items()}
    popularities = [name for name, role in roles.items() if role == "popularity"]
    best = max(popularities, key=values.__getitem__)
    return {n: r for n, r in roles.items() if r in ("challenger", "champion") or n == best}


def _titles(rows: Frozen, item_ids: set[str]) -> dict[str, str]:
    items = rows.table(SILVER_ITEMS).where(F.col("item_id").isin(sorted(item_ids)))
    return {row["item_id"]: row["title"] for row in items.select("item_id", "title").collect()}
