import numpy as np
import pytest
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import similar

CATEGORIES = sparse.csr_array(np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.float32))
ITEMS = Catalogue(np.array(["a", "b", "c", "d"], object), np.arange(4, dtype=np.int32), CATEGORIES)


def test_items_with_factors_in_one_direction_are_similar() -> None:
    factors = np.array([[1, 0], [2, 0], [1, 1], [0, 0]], np.float32)

    by_item = similar.by_factors(ITEMS, factors, 50)

    assert [item_id for item_id, _ in by_item["a"]] == ["b", "c"]
    assert [score for _, score in by_item["a"]] == pytest.approx([1.0, 0.5**0.5])
    assert [item_id for item_id, _ in by_item["c"]] == ["a", "b"]  # a tie
    assert "d" not in by_item  # no factors


def test_items_with_opposite_factors_are_not_similar() -> None:
    factors = np.array([[1, 0], [-1, 0], [0, 1], [0, 1]], np.float32)

    by_item = similar.by_factors(ITEMS, factors, 50)

    assert set(by_item) == {"c", "d"}


def test_lists_have_at_most_n_items() -> None:
    assert similar.by_factors(ITEMS, np.ones((4, 1), np.float32), 2)["d"] == [("a", 1), ("b", 1)]


def test_popular_items_of_the_same_category_come_first() -> None:
    by_item = similar.by_category(ITEMS, np.array([0, 10, 100, 5], np.float32), 50)

    assert [item_id for item_id, _ in by_item["a"]] == ["b", "c"]
    assert [item_id for item_id, _ in by_item["b"]] == ["c", "a"]
    assert [score for _, score in by_item["b"]] == pytest.approx([0.5**0.5, 0.5])
    assert "d" not in by_item


def test_an_empty_catalogue_has_no_similar_items() -> None:
    empty = Catalogue(np.empty(0, object), np.empty(0, np.int32), sparse.csr_array((0, 0)))

    assert similar.by_factors(empty, np.empty((0, 2), np.float32), 5) == {}
