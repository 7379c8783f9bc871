"""Signed strengths from ratings, by a recipe's weighting.

A positive strength is a preference for the item, a negative one a preference against it; its size
is the confidence. User means ignore the age of ratings.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine.weightings import Centred, MinusMidpoint, StarsFromThreshold, Weighting


def strengths(
    ratings: DataFrame,
    weighting: Weighting,
    *,
    global_mean: float,
    remaining: Column | None = None,
) -> DataFrame:
    """Return (user, item, strength) of all users with at least one positive strength.

    Other users are dropped: Spark's ALS scales the regularisation by the number of positive
    strengths, so they would get none. `ratings` has one row per pair; `remaining` is the share of
    a strength that is left after decay: see `ages.remaining`.
    """
    rating, by_user = F.col("rating"), Window.partitionBy("user")
    match weighting:
        case StarsFromThreshold(threshold=threshold):
            strength = F.when(rating >= threshold, 1.0).otherwise(0.0)
        case MinusMidpoint(midpoint=midpoint):
            strength = rating - midpoint
        case Centred(p=p, shrinkage=shrinkage, epsilon=epsilon):
            n, total = F.count("*").over(by_user), F.sum(rating).over(by_user)
            mean = (total + shrinkage * global_mean) / (n + shrinkage)
            strength = rating - (p * mean + (1 - p) * global_mean) + epsilon
    share = F.lit(1.0) if remaining is None else remaining
    columns = rating.cast("double").alias("rating"), share.alias("share")
    weighted = ratings.select("user", "item", *columns).withColumn(
        "strength", strength * F.col("share")
    )
    if isinstance(weighting, StarsFromThreshold):
        return weighted.where("strength > 0").select("user", "item", "strength")
    largest = weighted.withColumn("largest", F.max("strength").over(by_user))
    return largest.where("largest > 0").select("user", "item", "strength")
