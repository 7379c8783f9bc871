"""Signed strengths from ratings, by a recipe's weighting.

A positive strength is a preference for the item, a negative one against it; its size is the
confidence. User means ignore the age of ratings.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine.weightings import Centred, MinusMidpoint, StarsFromThreshold


def strengths(
    ratings: DataFrame,
    weighting: StarsFromThreshold | MinusMidpoint | Centred,
    *,
    global_mean: float,
    remaining: Column | None = None,
) -> DataFrame:
    """Return (user, item, strength) of all users with at least one positive strength.

    Other users are dropped: Spark's ALS scales the regularisation by the number of positive
    strengths, so they would get none.

    Args:
        ratings: (user, item, rating), one row per pair.
        weighting: the recipe's.
        global_mean: mean of all `ratings`.
        remaining: share of each strength that is left after decay: see `ages.remaining`.
    """
    by_user = Window.partitionBy("user")
    share = F.lit(1.0) if remaining is None else remaining
    rated = ratings.select(
        "user", "item", F.col("rating").cast("double").alias("rating"), share.alias("share")
    )
    strength = _strength(weighting, global_mean, by_user) * F.col("share")
    weighted = rated.withColumn("strength", strength)
    if isinstance(weighting, StarsFromThreshold):
        return weighted.where("strength > 0").select("user", "item", "strength")
    positive = F.max("strength").over(by_user) > 0
    return (
        weighted.withColumn("positive", positive)
        .where("positive")
        .select("user", "item", "strength")
    )


def _strength(
    weighting: StarsFromThreshold | MinusMidpoint | Centred, global_mean: float, by_user: object
) -> Column:
    rating = F.col("rating")
    match weighting:
        case StarsFromThreshold(threshold=threshold):
            return F.when(rating >= threshold, 1.0).otherwise(0.0)
        case MinusMidpoint(midpoint=midpoint):
            return rating - midpoint
        case Centred(p=p, shrinkage=shrinkage, epsilon=epsilon):
            n = F.count("*").over(by_user)  # type: ignore[arg-type] # WindowSpec has two names
            total = F.sum(rating).over(by_user)  # type: ignore[arg-type]
            mean = (total + shrinkage * global_mean) / (n + shrinkage)
            return rating - (p * mean + (1 - p) * global_mean) + epsilon
