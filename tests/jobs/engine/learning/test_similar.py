import numpy as np
import pytest

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import similar

CATEGORIES = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.float32)
ITEMS = Catalogue(np.array(["a", "b", "c", "d"], object), np.arange(4, dtype=np.int32), CATEGORIES)


def test_items_whose_factors_point_one_way_are_alike() -> None:
    factors = np.array([[1, 0], [2, 0], [1, 1], [0, 0]], np.float32)

    found = similar.by_factors(ITEMS, factors, 50)

    assert [item_id for item_id, _ in found["a"]] == ["b", "c"]
    assert [score for _, score in found["a"]] == pytest.approx([1.0, 0.5**0.5])
    assert [item_id for item_id, _ in found["c"]] == ["a", "b"]  # a tie
    assert "d" not in found  # nothing is known of it


def test_opposites_are_not_alike() -> None:
    factors = np.array([[1, 0], [-1, 0], [0, 1], [0, 1]], np.float32)

    found = similar.by_factors(ITEMS, factors, 50)

    assert set(found) == {"c", "d"}


def test_lists_are_cut() -> None:
    assert similar.by_factors(ITEMS, np.ones((4, 1), np.float32), 2)["d"] == [("a", 1), ("b", 1)]


def test_of_one_category_the_popular_ones_come_first() -> None:
    found = similar.by_category(ITEMS, np.array([0, 10, 100, 5], np.float32), 50)

    assert [item_id for item_id, _ in found["a"]] == ["b", "c"]
    assert [item_id for item_id, _ in found["b"]] == ["c", "a"]
    assert [score for _, score in found["b"]] == pytest.approx([0.5**0.5, 0.5])
    assert "d" not in found


def test_an_empty_catalogue_has_nothing_alike() -> None:
    nothing = Catalogue(np.empty(0, object), np.empty(0, np.int32), np.empty((0, 0), np.float32))

    assert similar.by_factors(nothing, np.empty((0, 2), np.float32), 5) == {}
