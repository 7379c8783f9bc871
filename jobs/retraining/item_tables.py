"""The tables of a fit that are no larger than the catalogue, as tables of Arrow."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

from jobs.engine import together
from jobs.engine.catalogue import Catalogue
from jobs.engine.interactions import Meanings
from jobs.engine.learning import similar
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments
from ranking.selection import top_n_by_row


def fallback_lists(model: Model, segments: Segments, n: int) -> pa.Table:
    """Return the `n` most popular items overall (segment '') and of each segment."""
    ids, by_segment = model.catalogue.ids, model.fallback.by_segment
    # Popularities without segments have one row, for all users: the other names are left out.
    lists = zip(segments.names, by_segment, top_n_by_row(by_segment, n), strict=False)
    rows = [
        {"segment": name, "item_ids": ids[top].tolist(), "scores": scores[top].tolist()}
        for name, scores, top in lists
    ]
    return pa.Table.from_pylist(rows)


def similar_items(model: Model, n: int, *, spark: SparkSession | None = None) -> pa.Table:
    """Return the `n` most similar items of each item: by factors, or by categories without them.

    Of an item-item model, all neighbours are returned, as an online fold-in adds them up. Priors
    are not used, as they do not describe similarity. Of a large catalogue, Spark's workers compute
    them.

    Returns:
        (item_id, item_ids, scores)
    """
    catalogue = model.catalogue
    weights = model.neighbours
    if weights is None and model.factors is not None:
        factors = catalogue.by_position(model.factors.items, model.factors.matrix)
        weights = similar.by_factors(catalogue, factors, n, spark=spark)
    elif weights is None:
        weights = similar.by_category(catalogue, model.fallback.by_segment[0], n, spark=spark)
    return neighbours(catalogue, weights)


def taken_together(
    ratings: DataFrame, meanings: Meanings, catalogue: Catalogue, n: int
) -> pa.Table:
    """Return at most `n` items that users take together with each item, the largest ratio first.

    Returns:
        (item_id, item_ids, scores, n_baskets)
    """
    nearest = together.taken_together(ratings, meanings, catalogue, n)
    n_baskets = pa.array(nearest.counts.data.astype(np.int32))
    return neighbours(catalogue, nearest.weights, n_baskets=n_baskets)


def neighbours(catalogue: Catalogue, weights: sparse.csr_array, **others: pa.Array) -> pa.Table:
    """Return the neighbours of each item that has any, in the order of the rows of `weights`.

    `others` are further columns of lists, by name: a value for each entry of `weights`.
    """
    ids, has_any = pa.array(catalogue.ids, pa.string()), np.diff(weights.indptr) > 0
    ends = pa.array(weights.indptr[np.concatenate([[True], has_any])], pa.int32())
    item_ids = ids.take(pa.array(weights.indices))
    lists = {"item_ids": item_ids, "scores": pa.array(weights.data, pa.float32()), **others}
    columns = {name: pa.ListArray.from_arrays(ends, values) for name, values in lists.items()}
    return pa.table({"item_id": ids.filter(pa.array(has_any)), **columns})


def item_factors(model: Model, trending: NDArray[np.float32]) -> pa.Table:
    """Return (item_id, factors, popularity, trending, learned_from) of every item in the fit.

    `jobs.engine.learning.models` describes the layout of the factors; a popularity has none.
    """
    catalogue, factors = model.catalogue, model.item_rows
    popular = model.fallback.by_segment[0]
    seen = catalogue.index if model.factors is None else model.factors.items
    positions = catalogue.positions(seen)
    rows = factors[positions].astype(np.float32)
    ends = pa.array(np.arange(len(rows) + 1) * rows.shape[1], pa.int32())
    return pa.table(
        {
            "item_id": pa.array(catalogue.ids[positions], pa.string()),
            "factors": pa.ListArray.from_arrays(ends, pa.array(rows.reshape(-1))),
            "popularity": popular[positions],
            "trending": trending[positions],
            "learned_from": np.where(catalogue.known[positions], "interactions", "content"),
        }
    )


def content_weights(model: Model) -> pa.Table:
    """Return (kind, feature, centre, deviation, weights): what predicts factors from content."""
    schema = pa.schema(
        [(name, pa.string()) for name in ("kind", "feature")]
        + [(name, pa.float32()) for name in ("centre", "deviation")]
        + [("weights", pa.list_(pa.float32()))]
    )
    if model.content_map is None:
        return schema.empty_table()
    features, weights = model.content_map.features, model.content_map.weights
    scales = zip(features.centres, features.deviations, strict=True)
    described = [
        ("mean", "", 0.0, 1.0),
        *(("flag", name, 0.0, 1.0) for name in features.flags),
        *(("number", n, *scale) for n, scale in zip(features.numbers, scales, strict=True)),
    ]
    columns = zip(*described, strict=True)
    rows = np.vstack([model.content_map.mean, weights]).astype(np.float32)
    return pa.table([*map(pa.array, columns), pa.array([*rows])], names=schema.names).cast(schema)
