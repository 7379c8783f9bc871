"""Implicit ALS by Spark ML: user factors in a DataFrame, item factors on the driver."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from pyspark.errors import IllegalArgumentException
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.errors import NothingToLearnError
from jobs.engine.recipes import Als


@dataclass(frozen=True)
class Factors:
    """The factors of a fit."""

    users: DataFrame  # (user, factors array<float>)
    items: NDArray[np.int32]  # ascending
    matrix: NDArray[np.float32]  # (items, rank), in the order of `items`


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
        raise NothingToLearnError(f"{recipe.name}: no user has a strength above 0") from error
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
