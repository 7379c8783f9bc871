"""The items that can be recommended, as arrays in one order: by id as UTF-8 bytes.

That order is also how ties are broken, so the place of an item in it is all that scoring needs.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Catalogue:
    """Items by place. `index` holds their dense 32-bit numbers, `categories` a row per item.

    `names` are those of the categories, `released` the years, NaN where one is not known.
    """

    ids: NDArray[np.object_]
    index: NDArray[np.int32]
    categories: NDArray[np.float32]  # (items, categories), 0 or 1
    names: tuple[str, ...] = ()
    released: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, items: DataFrame) -> Self:
        """Return the catalogue of `items` (item, item_id, categories, released), on the driver."""
        rows = items.select("item", "item_id", "categories", "released").toArrow().to_pydict()
        # Python compares text by code point, which is the order of its UTF-8 bytes.
        order = sorted(range(len(rows["item_id"])), key=rows["item_id"].__getitem__)
        names = sorted({name for categories in rows["categories"] for name in categories or ()})
        column = {name: at for at, name in enumerate(names)}
        flags = np.zeros((len(order), len(names)), np.float32)
        for place, row in enumerate(order):
            flags[place, [column[name] for name in rows["categories"][row] or ()]] = 1
        return cls(
            ids=np.array([rows["item_id"][row] for row in order], dtype=object),
            index=np.array([rows["item"][row] for row in order], dtype=np.int32),
            categories=flags,
            names=tuple(names),
            released=np.array([rows["released"][row] for row in order], np.float32),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, items: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return each item's place, or -1 where it is not in the catalogue."""
        by_index = np.argsort(self.index)
        at = np.searchsorted(self.index, items, sorter=by_index)
        found = by_index[np.minimum(at, len(self) - 1)]
        return np.where(self.index[found] == items, found, -1)

    def by_position(
        self, items: NDArray[np.int32], values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return `values` (one row per item) in the catalogue's order; nought where there is none.

        Items that are not in the catalogue are left out.
        """
        places = self.positions(items)
        ordered = np.zeros((len(self), *values.shape[1:]), np.float32)
        ordered[places[places >= 0]] = values[places >= 0]
        return ordered
