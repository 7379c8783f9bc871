"""Interactions as the engine reads them, from rows of ratings."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine import interactions
from jobs.engine.interactions import Meanings
from warehouse.tables.vocabulary import KINDS_TYPE

STARS = Meanings(relevant_from=4)


def of_ratings(ratings: DataFrame, meanings: Meanings = STARS) -> DataFrame:
    """Return (user, item, rating, rated_at, positive, kinds) of `ratings`."""
    pairs = ratings.withColumn("kinds", F.lit(None).cast(KINDS_TYPE))
    return pairs.select("user", "item", *interactions.columns(meanings))
