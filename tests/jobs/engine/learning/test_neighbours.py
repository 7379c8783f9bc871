"""Nearest neighbours against their definitions, pair by pair."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from jobs.engine.item_recipes import ItemItem
from jobs.engine.learning import neighbours

LIKED = np.random.default_rng(7).random((40, 6)) < 0.4
COSINE = ItemItem(neighbours=5, shrinkage=3, exponent=0.5)
RATIO = ItemItem(similarity="log_likelihood", neighbours=5, shrinkage=2)


def matrix(liked: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array(liked.astype(np.float32))


def g2(liked: np.ndarray, i: int, j: int) -> float:
    """Return 2 Σ observed log(observed / expected) over the four cells."""
    n, total = len(liked), 0.0
    for a, b in product((True, False), repeat=2):
        observed = ((liked[:, i] == a) & (liked[:, j] == b)).sum()
        expected = (liked[:, i] == a).sum() * (liked[:, j] == b).sum() / n
        total += 2 * observed * math.log(observed / expected) if observed else 0
    return total


def test_the_cosine_is_shrunk() -> None:
    weights = neighbours.nearest(matrix(LIKED), COSINE).toarray()

    n = LIKED.sum(axis=0)
    for i, j in product(range(6), repeat=2):
        both = (LIKED[:, i] & LIKED[:, j]).sum()
        expected = 0 if i == j else both / (math.sqrt(n[i] * n[j]) + 3)
        assert weights[i, j] == pytest.approx(expected, rel=1e-6)


def test_at_an_exponent_of_one_the_weight_is_the_share_of_the_items_users() -> None:
    recipe = ItemItem(neighbours=5, shrinkage=0, exponent=1)
    weights = neighbours.nearest(matrix(LIKED), recipe).toarray()

    for i, j in product(range(6), repeat=2):
        share = LIKED[LIKED[:, i], j].mean()
        assert weights[i, j] == pytest.approx(0 if i == j else share, rel=1e-6)


def test_the_log_likelihood_ratio_is_that_of_the_table_and_only_for_positive_association() -> None:
    liked = LIKED[LIKED.any(axis=1)]  # users without any item are not in the data
    weights = neighbours.nearest(matrix(LIKED), RATIO).toarray()

    n = liked.sum(axis=0)
    for i, j in product(range(6), repeat=2):
        is_more_often = (liked[:, i] & liked[:, j]).sum() * len(liked) > n[i] * n[j]
        ratio = g2(liked, i, j) if is_more_often and i != j else 0
        assert weights[i, j] == pytest.approx(ratio / (ratio + 2), abs=1e-6)
    assert (weights > 0).any()


@pytest.mark.parametrize("recipe", [COSINE, RATIO], ids=lambda recipe: recipe.similarity)
@pytest.mark.parametrize("pairs_per_block", [1, 40, 10**9])
def test_the_nearest_come_first_whatever_the_blocks_are(
    recipe: ItemItem, pairs_per_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = neighbours.nearest(matrix(LIKED), recipe).toarray()
    monkeypatch.setattr(neighbours, "PAIRS_PER_BLOCK", pairs_per_block)

    nearest = neighbours.nearest(matrix(LIKED), recipe.model_copy(update={"neighbours": 2}))

    for item in range(6):
        row = slice(nearest.indptr[item], nearest.indptr[item + 1])
        order = np.argsort(-full[item], kind="stable")[:2]  # ties: the lower position
        expected = [other for other in order if full[item, other] > 0]
        assert nearest.indices[row].tolist() == expected
        assert nearest.data[row].tolist() == full[item, expected].tolist()


@given(st.lists(st.sets(st.integers(0, 7), max_size=6), max_size=12))
def test_any_histories_have_finite_positive_weights_and_no_item_is_its_own_neighbour(
    histories: list[set[int]],
) -> None:
    liked = np.zeros((len(histories), 8), np.float32)
    for user, items in enumerate(histories):
        liked[user, list(items)] = 1

    for recipe in (COSINE, RATIO, ItemItem(shrinkage=0), RATIO.model_copy(update={"shrinkage": 0})):
        weights = neighbours.nearest(matrix(liked), recipe)

        assert weights.shape == (8, 8)
        assert np.isfinite(weights.data).all()
        assert (weights.data > 0).all()
        assert not weights.diagonal().any()


def test_a_user_with_very_many_items_is_sampled_and_the_sample_stays_the_same() -> None:
    liked = np.zeros((3, 50), np.float32)
    liked[0], liked[1, :3] = 1, 1

    limited = neighbours.limited(matrix(liked), 10)

    assert np.diff(limited.indptr).tolist() == [10, 3, 0]
    assert (limited.toarray() == neighbours.limited(matrix(liked), 10).toarray()).all()
    assert neighbours.limited(matrix(liked), 50).nnz == 53
