import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import similar

CATEGORIES = sparse.csr_array(np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.float32))
ITEMS = Catalogue(np.array(["a", "b", "c", "d"], object), np.arange(4, dtype=np.int32), CATEGORIES)
A, B, C, D = range(4)


def others(by_item: sparse.csr_array, item: int) -> list[tuple[int, float]]:
    """Return (position, score) of the items that are similar to an item."""
    row = slice(by_item.indptr[item], by_item.indptr[item + 1])
    return list(zip(by_item.indices[row].tolist(), by_item.data[row].tolist(), strict=True))


def test_items_with_factors_in_one_direction_are_similar() -> None:
    factors = np.array([[1, 0], [2, 0], [1, 1], [0, 0]], np.float32)

    by_item = similar.by_factors(ITEMS, factors, 50)

    assert others(by_item, A) == [(B, 1.0), (C, pytest.approx(0.5**0.5))]
    assert [other for other, _ in others(by_item, C)] == [A, B]  # a tie
    assert others(by_item, D) == []  # no factors


def test_items_with_opposite_factors_are_not_similar() -> None:
    factors = np.array([[1, 0], [-1, 0], [0, 1], [0, 1]], np.float32)

    by_item = similar.by_factors(ITEMS, factors, 50)

    assert np.diff(by_item.indptr).tolist() == [0, 0, 1, 1]


def test_lists_have_at_most_n_items() -> None:
    by_item = similar.by_factors(ITEMS, np.ones((4, 1), np.float32), 2)

    assert others(by_item, D) == [(A, 1), (B, 1)]


def test_popular_items_of_the_same_category_come_first() -> None:
    by_item = similar.by_category(ITEMS, np.array([0, 10, 100, 5], np.float32), 50)

    assert [other for other, _ in others(by_item, A)] == [B, C]
    assert [other for other, _ in others(by_item, B)] == [C, A]
    assert [score for _, score in others(by_item, B)] == pytest.approx([0.5**0.5, 0.5])
    assert others(by_item, D) == []


def test_an_empty_catalogue_has_no_similar_items() -> None:
    empty = Catalogue(np.empty(0, object), np.empty(0, np.int32), sparse.csr_array((0, 0)))

    assert similar.by_factors(empty, np.empty((0, 2), np.float32), 5).shape == (0, 0)


def test_the_workers_of_spark_find_the_same_items_as_the_driver(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_items, draw = 600, np.random.default_rng(5)
    factors = draw.integers(-2, 3, (n_items, 3)).astype(np.float32)  # with ties and rows of zeros
    ids = np.array([f"{n:03d}" for n in range(n_items)], object)
    flags = sparse.csr_array((draw.random((n_items, 9)) < 0.2).astype(np.float32))
    items = Catalogue(ids, np.arange(n_items, dtype=np.int32), flags)
    popular = draw.integers(0, 50, n_items).astype(np.float32)
    monkeypatch.setattr(similar, "SCORES_PER_BLOCK", 50 * n_items)  # 12 blocks
    on_driver = [similar.by_factors(items, factors, 7), similar.by_category(items, popular, 7)]
    monkeypatch.setattr(similar, "MAX_ON_DRIVER", 1)

    in_spark = [
        similar.by_factors(items, factors, 7, spark=spark),
        similar.by_category(items, popular, 7, spark=spark),
    ]

    for driver, workers in zip(on_driver, in_spark, strict=True):
        assert driver.nnz > n_items
        assert driver.indptr.tolist() == workers.indptr.tolist()
        assert driver.indices.tolist() == workers.indices.tolist()
        assert driver.data.tolist() == workers.data.tolist()
