"""The nearest neighbours of every item, counted by Spark if the driver's memory is too small."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.item_recipes import ItemItem
from jobs.engine.learning import neighbours
from jobs.engine.learning.neighbours import MAX_PER_USER, Nearest, Weigh

_WEIGHTED = "item int, other int, weight float, count bigint"


def nearest(positive: DataFrame, recipe: ItemItem, catalogue: Catalogue) -> sparse.csr_array:
    """Return the matrix of `neighbours.nearest` for `positive` (user, item), one row per pair.

    Only the neighbours reach the driver. If a user has more than `MAX_PER_USER` items, their sample
    differs from that of `neighbours.nearest`.
    """
    weigh = partial(neighbours.similarity, recipe)
    return nearest_by(_sampled(positive), weigh, recipe.neighbours, catalogue).weights


def nearest_by(positive: DataFrame, weigh: Weigh, n: int, catalogue: Catalogue) -> Nearest:
    """Return the neighbours of `neighbours.nearest_by` for `positive` (user, item)."""
    pairs = positive.cache()
    others = pairs.withColumnRenamed("item", "other")
    both = pairs.join(others, "user").where("item != other").groupBy("item", "other").count()
    best_first = Window.partitionBy("item").orderBy(F.desc("weight"), "other")
    rows = (
        _weighted(both, pairs, weigh, catalogue)
        .where("weight > 0")
        .withColumn("nth", F.row_number().over(best_first))
        .where(F.col("nth") <= n)
        .toArrow()
    )
    pairs.unpersist()
    weights, counts = (_matrix(rows, name, len(catalogue)) for name in ("weight", "count"))
    return Nearest(weights, counts)


def _sampled(positive: DataFrame) -> DataFrame:
    """Return (user, item), at most `MAX_PER_USER` rows of a user."""
    rank_in_user = F.row_number().over(
        Window.partitionBy("user").orderBy(F.xxhash64("user", "item"), "item")
    )
    ranked = positive.select("user", "item", rank_in_user.alias("nth"))
    return ranked.where(f"nth <= {MAX_PER_USER}").select("user", "item")


def _weighted(both: DataFrame, pairs: DataFrame, weigh: Weigh, catalogue: Catalogue) -> DataFrame:
    """Return (item, other, weight, count); the items are positions in the catalogue.

    `both` is (item, other, count), the number of users who have both; `pairs` is (user, item). The
    weight of an item that is not in the catalogue is 0.
    """
    counts = pairs.groupBy("item").count().toArrow()
    n_by_item = catalogue.by_position(
        counts["item"].to_numpy().astype(np.int32), counts["count"].to_numpy().astype(np.float32)
    )
    n_users = float(pairs.select("user").distinct().count())
    shared = pairs.sparkSession.sparkContext.broadcast((catalogue, n_by_item.astype(np.float64)))

    def weighted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        items, n_of = shared.value
        for batch in batches:
            item, other = (
                items.positions(batch.column(name).to_numpy().astype(np.int32))
                for name in ("item", "other")
            )
            n_both = batch.column("count").to_numpy().astype(np.float64)
            weight = weigh(n_both, n_of[item], n_of[other], n_users)
            weight[(item < 0) | (other < 0)] = 0
            columns = [item.astype(np.int32), other.astype(np.int32), weight]
            arrays = [*map(pa.array, columns), batch.column("count")]
            yield pa.RecordBatch.from_arrays(arrays, ["item", "other", "weight", "count"])

    return both.mapInArrow(weighted, _WEIGHTED)


def _matrix(rows: pa.Table, name: str, n_items: int) -> sparse.csr_array:
    """Return (item, neighbour): a column of rows (item, other, …, nth), in the order of `nth`."""
    item, nth = rows["item"].to_numpy(), rows["nth"].to_numpy()
    order = np.lexsort((nth, item))
    starts = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=n_items))])
    data, indices = rows[name].to_numpy()[order], rows["other"].to_numpy()[order]
    return sparse.csr_array((data, indices, starts), (n_items, n_items))
