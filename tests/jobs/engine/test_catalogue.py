"""Catalogues with many categories, without Spark."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import lists, popularity, similar
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.popularity import PopularityScorer
from ranking.metrics import diversity
from ranking.similarity import unit_rows

N_ITEMS, N_CATEGORIES = 2000, 30_000


def catalogue(n_items: int, n_categories: int, each: int, seed: int = 1) -> Catalogue:
    """Return items with at most `each` random categories; the first item has none."""
    random = np.random.default_rng(seed)
    rows = np.repeat(np.arange(1, n_items), each)
    flags = sparse.csr_array(
        (np.ones(len(rows), np.float32), (rows, random.integers(n_categories, size=len(rows)))),
        (n_items, n_categories),
    )
    flags.data[:] = 1
    return Catalogue(
        ids=np.array([f"{item:04d}" for item in range(n_items)], object),
        index=np.arange(n_items, dtype=np.int32),
        categories=flags,
        names=tuple(f"{name:05d}" for name in range(n_categories)),
    )


def block(n_users: int, n_items: int, n_liked: int) -> Block:
    user = np.arange(n_users, dtype=np.int32)
    positions = np.random.default_rng(2).integers(n_items, size=n_users * n_liked)
    liked = Ragged(np.repeat(user.astype(np.int64), n_liked), positions)
    return Block(n_users, user, np.zeros_like(user), liked, None)


def test_the_lift_is_that_of_the_dense_formula() -> None:
    items, users = catalogue(30, 7, 3), block(5, 30, 4)
    counts = np.random.default_rng(3).random(30)
    lift = popularity.lift(counts, items, shrinkage=20, power=0.5)

    flags = items.categories.toarray()
    of_item = flags / np.maximum(flags.sum(axis=1, keepdims=True), 1)
    share = counts @ of_item / (counts @ of_item).sum()
    liked = np.zeros((5, 7))
    np.add.at(liked, users.liked.rows, of_item[users.liked.positions])
    by_category = (liked + 20 * share) / (liked.sum(axis=1, keepdims=True) + 20) / share
    mean = by_category @ of_item.T
    mean[:, 0] = 1
    assert lift.by_category(users) == pytest.approx(by_category, rel=1e-5)
    assert lift.of(users) == pytest.approx(mean**0.5, rel=1e-5)


def test_the_diversity_of_each_list_is_that_of_its_first_items() -> None:
    items = catalogue(60, 5, 2)
    scorer = PopularityScorer(np.random.default_rng(4).random((1, 60)).astype(np.float32))
    seen = [list(range(user, 60)) for user in (30, 2, 1, 0)]
    n = len(seen)
    columns = {"user": pa.array(range(n), pa.int32()), "segment": pa.array([0] * n, pa.int32())}
    columns |= dict.fromkeys(("seen", "liked"), pa.array(seen, pa.list_(pa.int32())))

    [ranked] = lists.of_batches(pa.table(columns).to_batches(), scorer, items, 20)

    flags = items.categories.toarray()
    for row in ranked.to_pylist():
        first = [int(item_id) for item_id in row["item_ids"][:10]]
        expected = diversity(flags[first])
        assert row["diversity"] == (expected if expected is None else pytest.approx(expected))
    assert [row["diversity"] is None for row in ranked.to_pylist()] == [False, False, True, True]


def test_similar_items_by_category_are_those_of_dense_rows() -> None:
    items, popular = catalogue(30, 7, 3), np.arange(30, dtype=np.float32)
    weight = (1 + np.log1p(popular) / np.log1p(29)) / 2
    units = unit_rows(items.categories.toarray())
    scores = units @ units.T * weight

    by_item = similar.by_category(items, popular, 5)

    rows, others = by_item.nonzero()
    assert 0 not in rows
    assert by_item.data == pytest.approx(scores[rows, others], rel=1e-5)


def test_the_largest_categories_are_kept_in_their_order() -> None:
    flags = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], np.float32))
    ids, index = np.array(["a", "b", "c"], object), np.arange(3, dtype=np.int32)
    items = Catalogue(ids, index, flags, names=("x", "y", "z"))

    kept = items.with_largest_categories(np.array([1.0, 2.0, 8.0]), 2)

    assert kept.names == ("y", "z")
    assert kept.categories.toarray().tolist() == [[1, 0], [1, 1], [0, 1]]
    assert items.with_largest_categories(np.ones(3), 3) is items


def test_tens_of_thousands_of_categories_need_little_memory() -> None:
    items = catalogue(N_ITEMS, N_CATEGORIES, 20)
    counts = np.random.default_rng(3).random((1, N_ITEMS)).astype(np.float32)
    seen = pa.array([[user % N_ITEMS] for user in range(2000)], pa.list_(pa.int32()))
    numbers = np.arange(2000, dtype=np.int32)
    users = {"user": numbers, "segment": np.zeros_like(numbers), "seen": seen, "liked": seen}
    tracemalloc.start()

    lift = popularity.lift(counts[0], items, 20, 0.5)
    ranked = [
        *lists.of_batches(pa.table(users).to_batches(), PopularityScorer(counts, lift), items, 9)
    ]
    similar.by_category(items, counts[0], 5)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(batch.num_rows for batch in ranked) == 2000
    assert peak < 150e6  # shares of 2,000 users by all categories are 180 MB, several times
