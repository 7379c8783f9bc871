"""The items that can be recommended, as arrays in one order: by id as UTF-8 bytes.

Lists break ties in the same order, so scoring needs only an item's position.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy import sparse

from ranking.selection import top_n


@dataclass(frozen=True)
class Catalogue:
    """The items, by position."""

    ids: NDArray[np.object_]
    index: NDArray[np.int32]  # the item numbers of silver.item_index
    categories: sparse.csr_array  # (items, categories), float32, 0 or 1
    names: tuple[str, ...] = ()  # of the categories
    released: NDArray[np.float32] | None = None  # years, NaN where unknown
    new: NDArray[np.bool_] | None = None  # whether no interaction has the item; None: each has one

    @classmethod
    def of(cls, items: DataFrame) -> Self:
        """Return the catalogue of `items` (item, item_id, categories, released), on the driver."""
        return cls.of_rows(items.select("item", "item_id", "categories", "released").toArrow())

    @classmethod
    def of_rows(cls, table: pa.Table) -> Self:
        """Return the catalogue of the columns that `of` reads."""
        rows = table.select(["item", "item_id", "categories", "released"]).to_pydict()
        # Python compares text by code point, which is the order of its UTF-8 bytes.
        order = sorted(range(len(rows["item_id"])), key=rows["item_id"].__getitem__)
        names = sorted({name for categories in rows["categories"] for name in categories or ()})
        columns = {name: column for column, name in enumerate(names)}
        by_item = [
            sorted({columns[name] for name in rows["categories"][row] or ()}) for row in order
        ]
        return cls(
            ids=np.array([rows["item_id"][row] for row in order], dtype=object),
            index=np.array([rows["item"][row] for row in order], dtype=np.int32),
            categories=_flags(by_item, len(names)),
            names=tuple(names),
            released=np.array([rows["released"][row] for row in order], np.float32),
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether an interaction has the item, by position."""
        return np.ones(len(self), bool) if self.new is None else ~self.new

    @cached_property
    def category_units(self) -> sparse.csr_array:
        """(items, categories), float64: the rows of `categories`, scaled to length one."""
        n = self.categories.sum(axis=1).astype(np.float64)
        return (sparse.diags_array(1 / np.sqrt(np.maximum(n, 1))) @ self.categories).tocsr()

    def with_largest_categories(self, weights: NDArray[np.floating], n: int) -> Self:
        """Return the catalogue with the `n` categories whose items have the largest weights."""
        if len(self.names) <= n:
            return self
        largest = np.sort(top_n((weights @ self.categories).astype(np.float32), n))
        names = tuple(self.names[column] for column in largest.tolist())
        return replace(self, categories=self.categories[:, largest], names=names)

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, items: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the position of each item, -1 if it is not in the catalogue."""
        if not len(self):
            return np.full(len(items), -1, np.int64)
        by_index = np.argsort(self.index)
        ranks = np.searchsorted(self.index, items, sorter=by_index)
        nearest = by_index[np.minimum(ranks, len(self) - 1)]
        return np.where(self.index[nearest] == items, nearest, -1)

    def by_position(
        self, items: NDArray[np.int32], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return `values` (a row per item) by position; 0 for positions without a value."""
        positions = self.positions(items)
        ordered = np.zeros((len(self), *values.shape[1:]), np.float32)
        ordered[positions[positions >= 0]] = values[positions >= 0]
        return ordered


def _flags(columns: list[list[int]], n_columns: int) -> sparse.csr_array:
    """Return (rows, columns): 1 at the columns of each row."""
    starts = np.cumsum([0, *map(len, columns)])
    indices = np.array([column for of_row in columns for column in of_row], np.int32)
    ones = np.ones(len(indices), np.float32)
    return sparse.csr_array((ones, indices, starts), (len(columns), n_columns))
