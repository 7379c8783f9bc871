"""Evaluate predicted factors on new items: those that appear only after a window's cut.

The lists have new items alone. A user's relevant items are the new items with which they have a
positive interaction after the cut. Predicted factors are compared with two orders of new items that
need no fit and are the same for all users.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.item_recipes import Recipe
from jobs.engine.judging import evaluation, metrics
from jobs.engine.judging.evaluation import Evaluation, EvaluationUsers
from jobs.engine.learning import lists
from jobs.engine.learning.als import FactorScorer
from jobs.engine.learning.lists import Scorer
from jobs.engine.learning.models import Model
from jobs.engine.learning.popularity import PopularityScorer
from jobs.engine.recipes import ORDERS_OF_NEW_ITEMS
from jobs.engine.settled import settled

_LIST_LENGTH = 50


def evaluate(models: Sequence[Model], users: EvaluationUsers) -> Evaluation:
    """Return the metrics of the lists of new items, by `models` and by `ORDERS_OF_NEW_ITEMS`.

    There is at least one model, and each has factors of new items (`models.with_new_items`).
    `users` are those with a relevant new item.
    """
    by_recipe = [
        lists.top_n(inputs, scorer, models[0].catalogue, _LIST_LENGTH)
        .select("user", "item_ids", "diversity")
        .withColumn("recipe", F.lit(recipe.name))
        for recipe, scorer, inputs in _scorers(models, users)
    ]
    all_lists = reduce(DataFrame.unionByName, by_recipe)
    per_user = settled(metrics.per_user(all_lists, users.relevant))
    figures = evaluation.means(per_user)
    return Evaluation(evaluation.headline_values(per_user), all_lists, figures)


def newest(catalogue: Catalogue) -> NDArray[np.float32]:
    """Return the year of each item by position, 0 where it is unknown."""
    years = catalogue.released
    return np.zeros(len(catalogue), np.float32) if years is None else np.nan_to_num(years)


def popular_in_category(
    catalogue: Catalogue, popularity: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return, by position, the largest mean `popularity` of a category's known items, at least 0.

    `popularity` is by position.
    """
    if not catalogue.names:
        return np.zeros(len(catalogue), np.float32)
    known = catalogue.categories[np.flatnonzero(catalogue.known)]
    n_known = np.maximum(known.sum(axis=0), 1)
    mean = (popularity[catalogue.known] @ known) / n_known
    largest = catalogue.categories.multiply(mean[np.newaxis]).max(axis=1)
    return np.asarray(largest.toarray().ravel(), np.float32)


def _scorers(
    models: Sequence[Model], users: EvaluationUsers
) -> Iterator[tuple[Recipe, Scorer, DataFrame]]:
    """Yield each recipe, its scorer of new items alone, and the users with what it needs."""
    catalogue = models[0].catalogue
    for model in models:
        if isinstance(model.scorer, FactorScorer) and model.factors is not None:
            new = model.scorer.candidate & ~catalogue.known
            inputs = users.inputs.join(model.factors.users, "user", "left")
            yield model.recipe, replace(model.scorer, candidate=new), inputs
    popular = popular_in_category(catalogue, models[0].fallback.by_segment[0])
    for recipe, values in zip(ORDERS_OF_NEW_ITEMS, (newest(catalogue), popular), strict=True):
        of_new = np.where(catalogue.known, -np.inf, values).astype(np.float32)
        yield recipe, PopularityScorer(of_new[np.newaxis]), users.inputs
