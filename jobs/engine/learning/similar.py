"""Similar items: by cosines of factors, or by cosines of categories, in blocks of items.

The time is quadratic in the number of items. Spark's workers compute large catalogues.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning.lists import SCORES_PER_BLOCK
from ranking.selection import top_n_by_row
from ranking.similarity import unit_rows

MAX_ON_DRIVER = 20_000  # items: a few seconds
_TASKS_PER_CORE = 4
_SCHEMA = pa.schema(
    {"item": pa.int32(), "others": pa.list_(pa.int32()), "scores": pa.list_(pa.float32())}
)
_DDL = "item int, others array<int>, scores array<float>"


def by_factors(
    catalogue: Catalogue,
    factors: NDArray[np.float32],
    n: int,
    *,
    spark: SparkSession | None = None,
) -> sparse.csr_array:
    """Return the cosines of each item (row) to at most `n` others, by position.

    `factors` has a row for each position. A row begins with the most similar item; ties are in the
    order of positions. An item whose factors are all 0 is in no row and has an empty row.
    """
    items = Items.of(unit_rows(factors), np.ones(len(catalogue), np.float32), n)
    return _similar(items, spark)


def by_category(
    catalogue: Catalogue,
    popularity: NDArray[np.float32],
    n: int,
    *,
    spark: SparkSession | None = None,
) -> sparse.csr_array:
    """Return the scores of at most `n` others for each item, as `by_factors` does.

    A score is the cosine of categories times a weight. The weight rises with the log of popularity
    from 0.5 to 1, so that popular items come first among items of the same categories. Items that
    share no category are not similar.
    """
    logs = np.log1p(popularity)
    weight = (1 + logs / max(float(logs.max(initial=0)), 1e-12)) / 2
    units = catalogue.category_units.astype(np.float32)
    return _similar(Items.of(units, weight.astype(np.float32), n), spark)


@dataclass(frozen=True)
class Items:
    """What similar items are computed from: at most `n` others, by cosine times their `weight`.

    `units` has a row of length 1 for each position, or of zeros for an item that has no list. A
    block has `n_rows` items.
    """

    units: NDArray[np.float32] | sparse.csr_array
    weight: NDArray[np.float32]
    n: int
    n_rows: int

    @classmethod
    def of(
        cls, units: NDArray[np.float32] | sparse.csr_array, weight: NDArray[np.float32], n: int
    ) -> Self:
        """Return the items in blocks of `SCORES_PER_BLOCK` scores."""
        return cls(units, weight, n, max(1, SCORES_PER_BLOCK // max(1, len(weight))))

    @property
    def n_blocks(self) -> int:
        """The number of blocks of items."""
        return -(-len(self.weight) // self.n_rows)

    @cached_property
    def columns(self) -> NDArray[np.float32] | sparse.csr_array:
        """The units times their weight, as columns."""
        if isinstance(self.units, np.ndarray):
            return (self.units * self.weight[:, None]).T
        return self.units.multiply(self.weight[:, None]).T.tocsr()

    @cached_property
    def _scores(self) -> NDArray[np.float32]:
        """The memory of a block's scores: to ask for new memory takes as long as to fill it."""
        return np.empty((self.n_rows, len(self.weight)), np.float32)

    def block(self, nth: int) -> pa.RecordBatch:
        """Return (item, others, scores) of the items of a block."""
        start = nth * self.n_rows
        units = self.units[start : start + self.n_rows]
        scores = self._scores[: units.shape[0]]
        if isinstance(units, np.ndarray):
            np.matmul(units, self.columns, out=scores)
        else:
            (units @ self.columns).toarray(out=scores)
        items = np.arange(start, start + len(scores), dtype=np.int32)
        scores[np.arange(len(scores)), items] = -np.inf
        others = [
            top[row[top] > 0] for row, top in zip(scores, top_n_by_row(scores, self.n), strict=True)
        ]
        lengths = [len(top) for top in others]
        ends = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        positions = np.concatenate(others)
        values = scores[np.repeat(np.arange(len(scores)), lengths), positions]
        lists = (pa.array(positions.astype(np.int32)), pa.array(values.astype(np.float32)))
        columns = [pa.array(items), *(pa.ListArray.from_arrays(ends, x) for x in lists)]
        return pa.record_batch(columns, schema=_SCHEMA)


def _similar(items: Items, spark: SparkSession | None) -> sparse.csr_array:
    if spark is None or len(items.weight) <= MAX_ON_DRIVER:
        rows = pa.Table.from_batches(map(items.block, range(items.n_blocks)), _SCHEMA)
    else:
        rows = _in_spark(items, spark)
    return _matrix(rows)


def _in_spark(items: Items, spark: SparkSession) -> pa.Table:
    """Return the rows of all blocks, in the order of items."""
    shared = spark.sparkContext.broadcast(items)

    def blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from map(shared.value.block, batch.column(0).to_pylist())

    n_tasks = min(items.n_blocks, _TASKS_PER_CORE * spark.sparkContext.defaultParallelism)
    numbers = spark.range(0, items.n_blocks, 1, n_tasks)
    rows = numbers.mapInArrow(blocks, _DDL).toArrow()
    shared.destroy()
    return rows.sort_by("item")


def _matrix(rows: pa.Table) -> sparse.csr_array:
    """Return (item, other) from rows of (item, others, scores), one per item in order."""
    lengths = rows["others"].combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    others, scores = (
        rows[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        for name in ("others", "scores")
    )
    return sparse.csr_array((scores, others, ends), (len(lengths), len(lengths)))
