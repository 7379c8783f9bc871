"""Signed strengths from interactions, by a recipe's weighting.

A positive strength is a preference for the item, a negative one a preference against it; its size
is the confidence. User means ignore the age of ratings.
"""

from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine.learning.ages import Decay
from jobs.engine.weightings import Centred, Events, MinusMidpoint, StarsFromThreshold, Weighting


def strengths(
    ratings: DataFrame,
    weighting: Weighting,
    *,
    global_mean: float = 0,
    decay: Decay | None = None,
) -> DataFrame:
    """Return (user, item, strength) of all users with at least one positive strength.

    Other users are dropped: Spark's ALS scales the regularisation by the number of positive
    strengths, so they would get none. `ratings` is (user, item, rating) with a row per pair, and
    (rated_at) with `decay`, (kinds) with `Events`; pairs without a rating count with `Events` only.
    """
    if isinstance(weighting, Events):
        of_events = ratings.select("user", "item", of_kinds(weighting, decay).alias("strength"))
        return of_events.where("strength > 0")
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
    share = F.lit(1.0) if decay is None else decay.remaining()
    columns = rating.cast("double").alias("rating"), share.alias("share")
    rated = ratings.where("rating IS NOT NULL").select("user", "item", *columns)
    weighted = rated.withColumn("strength", strength * F.col("share"))
    if isinstance(weighting, StarsFromThreshold):
        return weighted.where("strength > 0").select("user", "item", "strength")
    largest = weighted.withColumn("largest", F.max("strength").over(by_user))
    return largest.where("largest > 0").select("user", "item", "strength")


def of_kinds(weighting: Events, decay: Decay | None = None) -> Column:
    """Return the strength of pairs (rating, rated_at, kinds): see `Events`.

    `ranking.strengths` is the same in numpy.
    """
    terms = [
        weight
        * _saturated(F.col("kinds")[kind]["amount"], weighting)
        * (F.lit(1.0) if decay is None else decay.remaining(F.col("kinds")[kind]["last_at"]))
        for kind, weight in weighting.weights
    ]
    if weighting.threshold is not None:
        share = F.lit(1.0) if decay is None else decay.remaining()
        largest = max((weight for _, weight in weighting.weights), default=1.0)
        terms.append(F.when(F.col("rating") >= weighting.threshold, largest * share))
    return reduce(add, [F.coalesce(term, F.lit(0.0)) for term in terms], F.lit(0.0))


def _saturated(amount: Column, weighting: Events) -> Column:
    """Return the saturation of an amount, 0 for null and below 0."""
    above = F.greatest(amount, F.lit(0.0))  # it ignores a null
    match weighting.saturation:
        case "binary":
            return (above > 0).cast("double")
        case "log1p":
            return F.log1p(above)
        case "capped":
            return F.least(above, F.lit(weighting.cap))
