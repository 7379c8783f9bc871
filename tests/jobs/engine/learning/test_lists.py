"""Lists: the order, the ties, what must not be in them."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import lists
from jobs.engine.learning.lists import Block

Row = tuple[int, list[int], list[int], int]

PEOPLE = "user int, seen array<int>, liked array<int>, segment int"


@dataclass(frozen=True)
class Same:
    """The same scores for everybody."""

    of_place: tuple[float, ...]

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return np.tile(np.array(self.of_place, np.float32), (block.size, 1)), np.ones(
            block.size, bool
        )


def catalogue(spark: SparkSession, *ids: str) -> Catalogue:
    """Items whose numbers run against the order of their ids."""
    rows = [
        (100 - at, item_id, ["x"] if at else ["x", "y"], 2000 + at if at else None)
        for at, item_id in enumerate(ids)
    ]
    columns = "item int, item_id string, categories array<string>, released int"
    return Catalogue.of(spark.createDataFrame(rows, columns))


def test_a_catalogue_is_ordered_by_the_bytes_of_its_ids(spark: SparkSession) -> None:
    found = catalogue(spark, "b", "é", "a", "10", "9", "Z", "𝄞", "ﬀ")

    assert [*found.ids] == sorted(found.ids, key=lambda item_id: str(item_id).encode())
    assert found.positions(np.array([100, 98, 7], np.int32)).tolist() == [4, 3, -1]
    assert found.names == ("x", "y")
    assert found.released is not None
    assert found.released[[4, 3]] == pytest.approx([np.nan, 2002], nan_ok=True)
    assert found.ids[4] == "b"
    assert found.categories.sum() == len(found) + 1


def test_nobody_gets_what_he_has_seen_and_ties_go_by_id(spark: SparkSession) -> None:
    known = catalogue(spark, "c", "b", "a", "d")  # numbers 100, 99, 98, 97
    rows: list[Row] = [(1, [], [], 0), (2, [99, 55], [], 0), (3, [100, 99, 98, 97], [], 0)]
    scorer = Same((1.0, 1.0, 2.0, 1.0))

    found = lists.top_n(spark.createDataFrame(rows, PEOPLE), scorer, known, 3).collect()

    by_user = {row["user"]: row for row in found}
    assert by_user[1]["item_ids"] == ["c", "a", "b"]
    assert by_user[1]["scores"] == [2.0, 1.0, 1.0]
    assert by_user[2]["item_ids"] == ["c", "a", "d"]
    assert by_user[3]["item_ids"] == []
    assert by_user[3]["diversity"] is None


def test_blocks_and_batches_change_nothing(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalogue(spark, *"abcdef")
    rows: list[Row] = [(user, [95 + user % 6], [], 0) for user in range(50)]
    people = spark.createDataFrame(rows, PEOPLE).coalesce(1)
    scorer = Same((0.3, 0.2, 0.6, 0.1, 0.5, 0.4))
    whole = lists.top_n(people, scorer, known, 4).orderBy("user").collect()

    monkeypatch.setattr(lists, "SCORES_AT_ONCE", 18)  # three people at a time
    by_batch = [
        lists._lists(batch.slice(start, 3), scorer, known, 4)  # noqa: SLF001 # as the worker does
        for batch in people.orderBy("user").toArrow().to_batches()
        for start in range(0, batch.num_rows, 3)
    ]

    in_blocks = [row for batch in by_batch for row in batch.to_pylist()]
    assert [row["item_ids"] for row in in_blocks] == [row["item_ids"] for row in whole]
