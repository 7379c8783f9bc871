"""Items that users take together: pairs that are in more baskets than chance would put there.

A user takes an item by a positive interaction, at the time of its newest positive event. A basket
is what a user took with at most `GAP` between one item and the next. So each item of a user is in
one basket, and a user adds at most 1 to the count of a pair, however often they take both.

A pair is kept if at least `MIN_BASKETS` baskets have it, more than two independent items would
share, and if Dunning's log-likelihood ratio (Accurate Methods for the Statistics of Surprise and
Coincidence, 1993) is significant. As each item is compared with the whole catalogue, the level is
divided by the number of items (Bonferroni): of items that go with no other, at most a share of
`SIGNIFICANCE` has a pair by chance.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import stats

from jobs.engine import interactions
from jobs.engine.catalogue import Catalogue
from jobs.engine.interactions import Meanings
from jobs.engine.learning import neighbours, neighbours_in_spark
from jobs.engine.learning.item_item import MAX_DRIVER_PAIRS, matrix
from jobs.engine.learning.neighbours import Floats, Nearest
from jobs.engine.settled import settled

GAP = "24 hours"
MAX_PER_BASKET = 100  # items of a basket that are counted; of more, a sample
MIN_BASKETS = 5
SIGNIFICANCE = 0.01


def taken_together(ratings: DataFrame, meanings: Meanings, catalogue: Catalogue, n: int) -> Nearest:
    """Return for each item the `n` others with the largest ratios, and the numbers of baskets.

    `ratings` is (user, item, rated_at, positive, kinds), one row per pair. Of equal ratios the item
    at the lower position comes first. Spark counts very many baskets, the driver fewer.
    """
    taken = ratings.where("positive").withColumn("taken_at", interactions.taken_at(meanings))
    rows = settled(baskets(taken))
    weigh = partial(ratio_if_significant, least=least_ratio(len(catalogue)))
    if rows.count() > MAX_DRIVER_PAIRS:
        return neighbours_in_spark.nearest_by(rows, weigh, n, catalogue)
    return neighbours.nearest_by(matrix(rows, catalogue), weigh, n)


def baskets(taken: DataFrame) -> DataFrame:
    """Return (user, item) with a number of the basket as `user`, from (user, item, taken_at).

    Of a basket with more than `MAX_PER_BASKET` items, a sample is returned, always the same one.
    """
    drawn = F.struct(F.xxhash64("user", "item").alias("draw"), "item")
    items = F.slice(F.array_sort(F.collect_list(drawn)), 1, MAX_PER_BASKET)["item"]
    by_basket = taken.groupBy("user", F.session_window("taken_at", GAP)).agg(items.alias("items"))
    numbered = by_basket.select(F.monotonically_increasing_id().alias("user"), "items")
    return numbered.select("user", F.explode("items").alias("item"))


def least_ratio(n_items: int) -> float:
    """Return the smallest significant ratio in a catalogue of so many items."""
    return float(stats.chi2.isf(SIGNIFICANCE / max(n_items, 1), df=1))


def ratio_if_significant(
    both: Floats, of_item: Floats, of_other: Floats, n_baskets: float, *, least: float
) -> NDArray[np.float32]:
    """Return the log-likelihood ratio of each pair that is kept, else 0: a `neighbours.Weigh`."""
    ratio = neighbours.log_likelihood(both, of_item, of_other, n_baskets)
    is_kept = (both >= MIN_BASKETS) & (both * n_baskets > of_item * of_other) & (ratio >= least)
    return np.where(is_kept, ratio, 0).astype(np.float32)
