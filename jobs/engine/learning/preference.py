"""How a rating becomes a preference: signed strengths from ratings, by a recipe's weighting.

Above nought a strength says "yes", below it "no"; its size says how surely. What a user's mean is,
does not depend on the age of his ratings.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine.recipes import Centred, MinusMidpoint, StarsFromThreshold


def strengths(
    ratings: DataFrame,
    weighting: StarsFromThreshold | MinusMidpoint | Centred,
    *,
    global_mean: float,
    remaining: Column | None = None,
) -> DataFrame:
    """Return (user, item, strength) of everybody who has at least one strength above nought.

    Without any, somebody would get no regularisation in Spark's ALS, and no preference at all.

    Args:
        ratings: (user, item, rating), one row per pair.
        weighting: the recipe's.
        global_mean: mean of all `ratings`.
        remaining: what is left of each rating's strength, above nought: see `ages.remaining`.
    """
    by_user = Window.partitionBy("user")
    left = F.lit(1.0) if remaining is None else remaining
    rated = ratings.select(
        "user", "item", F.col("rating").cast("double").alias("rating"), left.alias("left")
    )
    strength = _strength(weighting, global_mean, by_user) * F.col("left")
    weighed = rated.withColumn("strength", strength)
    if isinstance(weighting, StarsFromThreshold):
        return weighed.where("strength > 0").select("user", "item", "strength")
    positive = F.max("strength").over(by_user) > 0
    return (
        weighed.withColumn("positive", positive)
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
