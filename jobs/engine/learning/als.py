"""Implicit ALS by Spark ML: user factors in a DataFrame, item factors on the driver."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.errors import IllegalArgumentException
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.errors import NothingToLearnError
from jobs.engine.recipes import Als

_NO_ROWS = "No ratings available"


@dataclass(frozen=True)
class Factors:
    """The factors of a fit. `items` are in ascending order and number the rows of `matrix`."""

    users: DataFrame  # (user, factors array<float>)
    items: NDArray[np.int32]
    matrix: NDArray[np.float32]  # (items, rank)


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
        if _NO_ROWS not in str(error):
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
    first, *others = models
    if not others:
        return first
    users = first.users
    for nth, other in enumerate(others, 1):
        users = users.join(other.users.withColumnRenamed("factors", f"factors_{nth}"), "user")
    columns = ["factors", *(f"factors_{nth}" for nth in range(1, len(models)))]
    return Factors(
        users=users.select("user", F.concat(*columns).alias("factors")),
        items=first.items,
        matrix=np.hstack([model.matrix for model in models]),
    )
