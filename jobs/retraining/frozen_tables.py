"""The rows that a retrain reads: silver tables at their frozen versions, with the engine's indices.

Events of items without a title are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine import interactions
from jobs.engine.interactions import Meanings
from jobs.engine.learning.content import Content
from jobs.retraining.handover import Freeze
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_USER_INDEX,
    SILVER_USERS,
    Table,
)


@dataclass(frozen=True)
class Frozen:
    """The frames of one retrain. `versions` is by full table name."""

    warehouse: Warehouse
    versions: Mapping[str, int]
    dataset: Dataset

    @cached_property
    def meanings(self) -> Meanings:
        """How events of a pair become an interaction."""
        return Meanings.of(self.dataset)

    def table(self, table: Table) -> DataFrame:
        """Return the table at its frozen version; no rows if it did not exist then."""
        version = self.versions.get(table.full_name)
        if version is None:
            return self.warehouse.spark.createDataFrame([], table.ddl)
        return self.warehouse.read(table, version=version)

    def items(self) -> DataFrame:
        """Return (item, item_id, categories, released) of every item with a title."""
        return self._titled().select("item", "item_id", "categories", "released")

    def content(self, known: NDArray[np.int32]) -> Content:
        """Return what every item with a title is; `known` are the numbers of the known items."""
        types = {} if self.dataset.items is None else self.dataset.items.attributes
        return Content.of(self._titled(), known, types)

    def users(self) -> DataFrame:
        """Return (user, user_id, attributes); attributes are null if the data set has none."""
        index = self.table(SILVER_USER_INDEX).withColumnRenamed("user_index", "user")
        return index.join(self.table(SILVER_USERS), "user_id", "left").select(
            "user", "user_id", "attributes"
        )

    def events(self) -> DataFrame:
        """Return (user, item, kind, rating, occurred_at, event_id), and (value) beside ratings."""
        columns = ["kind", "rating", "occurred_at", "event_id"]
        of_kinds = ["value"] if self.meanings.kinds else []
        return self._indexed(self.table(SILVER_EVENTS), *columns, *of_kinds)

    def ratings(self) -> DataFrame:
        """Return (user, item, rating, rated_at, positive, kinds): what each user did with items."""
        pairs = self._indexed(self.table(SILVER_INTERACTIONS), "rating", "rated_at", "kinds")
        return pairs.select("user", "item", *interactions.columns(self.meanings))

    def rated(self) -> DataFrame:
        """Return (user_id, item_id, rating, rated_at): ratings under the product's own keys.

        Without a scale, 1 stands for a positive interaction and 0 for another.
        """
        titled = F.broadcast(self.items().select("item_id"))
        pairs = self.table(SILVER_INTERACTIONS).join(titled, "item_id", "left_semi")
        if not self.dataset.has_scale:
            positive = interactions.is_positive(self.meanings).cast("double")
            return pairs.withColumn("rating", positive)
        return pairs.where("rating IS NOT NULL") if self.meanings.kinds else pairs

    def acts(self) -> DataFrame:
        """Return (user_id, item_id, kind, amount, last_at) of the manifest's kinds of events."""
        titled = F.broadcast(self.items().select("item_id"))
        pairs = self.table(SILVER_INTERACTIONS).join(titled, "item_id", "left_semi")
        by_kind = pairs.select("user_id", "item_id", F.explode("kinds").alias("kind", "of_kind"))
        known = by_kind.where(F.col("kind").isin([kind.name for kind in self.meanings.kinds]))
        return known.select("user_id", "item_id", "kind", "of_kind.amount", "of_kind.last_at")

    def _titled(self) -> DataFrame:
        index = self.table(SILVER_ITEM_INDEX).withColumnRenamed("item_index", "item")
        return self.table(SILVER_ITEMS).join(index, "item_id")

    def _indexed(self, rows: DataFrame, *columns: str) -> DataFrame:
        users = self.table(SILVER_USER_INDEX).withColumnRenamed("user_index", "user")
        items = self.items().select("item", "item_id")
        indexed = rows.join(F.broadcast(items), "item_id").join(users, "user_id")
        return indexed.select("user", "item", *columns)


def frozen(warehouse: Warehouse, dataset: Dataset) -> Frozen:
    """Return the frames of the retrain that the warehouse's run belongs to.

    Raises:
        TaskMissingError: `freeze` has not run in it.
    """
    versions = Freeze.read(warehouse.root, warehouse.run_key.retrain_id).versions
    return Frozen(warehouse, versions, dataset)
