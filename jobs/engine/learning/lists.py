"""Top-N lists for any number of users: blocks of numpy in Spark's Python workers.

The scorer (item factors, popularity) is broadcast; users stream through in Arrow batches. On two
cores this is twice as fast as `recommendForAllUsers`, and it leaves out items the user has seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from ranking.selection import Positions, top_n_by_row

SCORES_PER_BLOCK = 4_000_000  # 16 MB
_DIVERSITY_AT, _PAIR = 10, 2
_COLUMNS = (
    "user int, item_ids array<string>, scores array<float>, personalised boolean, diversity double"
)


@dataclass(frozen=True)
class Ragged:
    """Positions of items for all users of a block, concatenated."""

    rows: NDArray[np.int64]  # the user of each position
    positions: NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Users who are scored together: `SCORES_PER_BLOCK` scores, or shares of categories."""

    size: int
    user: NDArray[np.int32]
    segment: NDArray[np.int32]
    liked: Ragged
    factors: NDArray[np.float32] | None  # NaN for a user without factors; None if no user has any

    def likes(self, n_items: int) -> sparse.csr_array:
        """Return (users, items) with 1 for each liked item."""
        ones = np.ones(len(self.liked.rows), np.float32)
        cells = (self.liked.rows, self.liked.positions)
        return sparse.csr_array((ones, cells), (self.size, n_items))


class Scorer(Protocol):
    """Scores every item of the catalogue for a block of users."""

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items), and (users,): whether the scores are personalised.

        Items that are not candidates score minus infinity.
        """
        ...


def top_n(users: DataFrame, scorer: Scorer, catalogue: Catalogue, n: int) -> DataFrame:
    """Return (user, item_ids, scores, personalised, diversity), one row per user.

    `users` is (user, seen, liked, segment) and, for a model with factors, `factors`. A list has at
    most `n` items, best first, without seen ones; it may be short or empty. Ties are broken by item
    id as UTF-8 bytes. `personalised` is false for a list of the fallback. `diversity` is 1 minus
    the mean cosine of the categories of two of the first ten items; null below two items.
    """
    shared = users.sparkSession.sparkContext.broadcast((scorer, catalogue))

    def with_lists(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from of_batches(batches, *shared.value, n)

    return users.mapInArrow(with_lists, _COLUMNS)


def of_batches(
    batches: Iterable[pa.RecordBatch], scorer: Scorer, catalogue: Catalogue, n: int
) -> Iterator[pa.RecordBatch]:
    """Yield the lists of `top_n` for batches of `users`, on a worker or on the driver."""
    rows = max(1, SCORES_PER_BLOCK // max(1, len(catalogue), len(catalogue.names)))
    for batch in batches:
        for start in range(0, batch.num_rows, rows):
            yield _lists(batch.slice(start, rows), scorer, catalogue, n)


def _lists(batch: pa.RecordBatch, scorer: Scorer, catalogue: Catalogue, n: int) -> pa.RecordBatch:
    size = batch.num_rows
    block = Block(
        size=size,
        user=batch.column("user").to_numpy(),
        segment=batch.column("segment").to_numpy(),
        liked=_ragged(batch.column("liked"), catalogue),
        factors=_factors(batch),
    )
    scores, personalised = scorer.scores(block)
    seen = _ragged(batch.column("seen"), catalogue)
    scores[seen.rows, seen.positions] = -np.inf
    selected = list(top_n_by_row(scores, n))
    lengths = np.array([len(positions) for positions in selected])
    rows, positions = np.repeat(np.arange(size), lengths), np.concatenate(selected)
    ends = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    columns = {
        "user": batch.column("user"),
        "item_ids": pa.ListArray.from_arrays(ends, pa.array(catalogue.ids[positions], pa.string())),
        "scores": pa.ListArray.from_arrays(ends, pa.array(scores[rows, positions], pa.float32())),
        "personalised": pa.array(personalised),
        "diversity": _diversity(selected, catalogue),
    }
    return pa.RecordBatch.from_pydict(columns)


def _diversity(lists: Sequence[Positions], catalogue: Catalogue) -> pa.Array:
    """Return the `ranking.metrics.diversity` of the first items of each list."""
    first = [positions[:_DIVERSITY_AT] for positions in lists]
    n = np.array([len(positions) for positions in first], np.float64)
    positions = np.concatenate(first)
    starts = np.concatenate([[0], np.cumsum(n, dtype=np.int64)])
    ones, shape = np.ones(len(positions)), (len(first), len(catalogue))
    listed = sparse.csr_array((ones, positions, starts), shape)
    units = catalogue.category_units
    total = listed @ units  # its square is the sum of all cosines, without a matrix of pairs
    cosines = total.multiply(total).sum(axis=1) - listed @ units.multiply(units).sum(axis=1)
    values = 1 - cosines / np.maximum(n * (n - 1), 1)
    return pa.array(values, pa.float64(), mask=n < _PAIR)


def _ragged(column: pa.ListArray, catalogue: Catalogue) -> Ragged:
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(column)), lengths)
    positions = catalogue.positions(column.flatten().to_numpy(zero_copy_only=False))
    return Ragged(rows[positions >= 0], positions[positions >= 0])


def _factors(batch: pa.RecordBatch) -> NDArray[np.float32] | None:
    if "factors" not in batch.schema.names:
        return None
    column = batch.column("factors")
    has_factors = column.is_valid().to_numpy(zero_copy_only=False)
    flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    n = int(has_factors.sum())
    if not n:
        return None
    factors = np.full((len(column), len(flat) // n), np.nan, np.float32)
    factors[has_factors] = flat.reshape(n, -1)
    return factors
