"""Implicit ALS by Spark ML: user factors in a DataFrame, item factors on the driver."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyspark.errors import IllegalArgumentException
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.errors import NothingToLearnError
from jobs.engine.learning.lists import Block, Scorer
from jobs.engine.learning.priors import Priors
from jobs.engine.recipes import Als


@dataclass(frozen=True)
class Factors:
    """The factors of a fit."""

    users: DataFrame  # (user, factors array<float>)
    items: NDArray[np.int32]  # ascending
    matrix: NDArray[np.float32]  # (items, rank), in the order of `items`


@dataclass(frozen=True)
class FactorScorer:
    """Scores by the dot product of rows; users without factors are scored by the fallback."""

    items: NDArray[np.float32]  # (items, columns): factors, then the priors' columns
    candidate: NDArray[np.bool_]  # by position: whether the item has factors
    fallback: Scorer
    n_models: int = 1
    priors: Priors | None = None

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items), personalised for users with factors."""
        if block.factors is None:
            return self.fallback.scores(block)[0], np.zeros(block.size, bool)
        rows = block.factors
        if self.priors is not None:
            rows = np.hstack([rows / np.float32(self.n_models), self.priors.of(block)])
        scores = rows @ self.items.T
        scores[:, ~self.candidate] = -np.inf
        has_factors = np.asarray(~np.isnan(block.factors).any(axis=1), bool)
        if not has_factors.all():
            scores[~has_factors] = self.fallback.scores(block)[0][~has_factors]
        return scores, has_factors

    def with_priors(self, priors: Priors, n_models: int) -> Self:
        """Return the scorer of the factors of `n_models` models with the columns of the priors."""
        columns = np.hstack([self.items, priors.columns])
        return replace(self, items=columns, n_models=n_models, priors=priors)


def fit(strengths: DataFrame, recipe: Als) -> Factors:
    """Return the factors of all users and items in `strengths` (user, item, strength).

    Raises:
        NothingToLearnError: there are no rows.
    """
    als = ALS(
        rank=recipe.rank,
        maxIter=recipe.iterations,
        regParam=recipe.reg,
        alpha=recipe.alpha,
        implicitPrefs=True,
        numUserBlocks=recipe.blocks,
        numItemBlocks=recipe.blocks,
        userCol="user",
        itemCol="item",
        ratingCol="strength",
        seed=recipe.seed,
    )
    try:
        model = als.fit(strengths)
    except IllegalArgumentException as error:
        if "No ratings available" not in str(error):
            raise
        raise NothingToLearnError(
            f"{recipe.name}: no user has a strength above 0. Send more events, or choose another "
            "weighting"
        ) from error
    items = model.itemFactors.toArrow()
    index = items["id"].to_numpy().astype(np.int32)
    flat = items["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    order = np.argsort(index)
    matrix = flat.astype(np.float32).reshape(-1, recipe.rank)[order]
    users = model.userFactors.select(F.col("id").alias("user"), F.col("features").alias("factors"))
    return Factors(users=users, items=index[order], matrix=matrix)


def concatenate(models: Sequence[Factors]) -> Factors:
    """Return the factors of models of the same strengths side by side, in order."""
    if len(models) == 1:
        return models[0]
    names = [f"factors_{nth}" for nth in range(len(models))]
    by_model = [m.users.withColumnRenamed("factors", n) for m, n in zip(models, names, strict=True)]
    users = reduce(lambda left, right: left.join(right, "user"), by_model)
    return Factors(
        users=users.select("user", F.concat(*names).alias("factors")),
        items=models[0].items,
        matrix=np.hstack([model.matrix for model in models]),
    )
