"""Lists: order, ties, and items that must not be in them."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import lists
from jobs.engine.learning.lists import Block

Row = tuple[int, list[int], list[int], int]

USERS = "user int, seen array<int>, liked array<int>, segment int"


@dataclass(frozen=True)
class ConstantScorer:
    """The same scores for all users."""

    by_position: tuple[float, ...]

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return np.tile(np.array(self.by_position, np.float32), (block.size, 1)), np.ones(
            block.size, bool
        )


def catalogue(spark: SparkSession, *ids: str) -> Catalogue:
    """Items whose numbers are in descending order of their ids."""
    rows = [
        (100 - at, item_id, ["x"] if at else ["x", "y"], 2000 + at if at else None)
        for at, item_id in enumerate(ids)
    ]
    columns = "item int, item_id string, categories array<string>, released int"
    return Catalogue.of(spark.createDataFrame(rows, columns))


def test_a_catalogue_is_ordered_by_the_bytes_of_its_ids(spark: SparkSession) -> None:
    items = catalogue(spark, "b", "é", "a", "10", "9", "Z", "𝄞", "ﬀ")

    assert [*items.ids] == sorted(items.ids, key=lambda item_id: str(item_id).encode())
    assert items.positions(np.array([100, 98, 7], np.int32)).tolist() == [4, 3, -1]
    assert items.names == ("x", "y")
    assert items.released is not None
    assert items.released[[4, 3]] == pytest.approx([np.nan, 2002], nan_ok=True)
    assert items.ids[4] == "b"
    assert items.categories.sum() == len(items) + 1


def test_lists_leave_out_seen_items_and_break_ties_by_id(spark: SparkSession) -> None:
    items = catalogue(spark, "c", "b", "a", "d")  # numbers 100, 99, 98, 97
    rows: list[Row] = [(1, [], [], 0), (2, [99, 55], [], 0), (3, [100, 99, 98, 97], [], 0)]
    scorer = ConstantScorer((1.0, 1.0, 2.0, 1.0))

    listed = lists.top_n(spark.createDataFrame(rows, USERS), scorer, items, 3).collect()

    by_user = {row["user"]: row for row in listed}
    assert by_user[1]["item_ids"] == ["c", "a", "b"]
    assert by_user[1]["scores"] == [2.0, 1.0, 1.0]
    assert by_user[2]["item_ids"] == ["c", "a", "d"]
    assert by_user[3]["item_ids"] == []
    assert by_user[3]["diversity"] is None


def test_lists_do_not_depend_on_blocks_and_batches(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = catalogue(spark, *"abcdef")
    rows: list[Row] = [(user, [95 + user % 6], [], 0) for user in range(50)]
    users = spark.createDataFrame(rows, USERS).coalesce(1)
    scorer = ConstantScorer((0.3, 0.2, 0.6, 0.1, 0.5, 0.4))
    expected = lists.top_n(users, scorer, items, 4).orderBy("user").collect()

    monkeypatch.setattr(lists, "SCORES_PER_BLOCK", 18)  # three users per block
    by_batch = [
        lists._lists(batch.slice(start, 3), scorer, items, 4)  # noqa: SLF001 # as the worker does
        for batch in users.orderBy("user").toArrow().to_batches()
        for start in range(0, batch.num_rows, 3)
    ]

    in_blocks = [row for batch in by_batch for row in batch.to_pylist()]
    assert [row["item_ids"] for row in in_blocks] == [row["item_ids"] for row in expected]
