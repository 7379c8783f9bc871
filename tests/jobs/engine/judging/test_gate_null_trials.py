"""Item-item models of users who choose by popularity alone: the gate must not release them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.learning import item_item, neighbours
from jobs.engine.learning.item_item import NeighbourScorer
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.popularity import PopularityScorer
from ranking.metrics import ndcg
from ranking.selection import top_n_by_row
from tests.support.jobs.gate_evidence import case, decide

N_USERS, N_ITEMS, K, TRIALS = 400, 60, 10, 100


@pytest.mark.parametrize(
    "recipe",
    [ItemItem(), ItemItem(similarity="log_likelihood"), Ease(reg=100, neighbours=20)],
    ids=lambda recipe: recipe.name,
)
def test_at_most_five_of_a_hundred_models_without_a_signal_are_released(
    recipe: ItemItem | Ease,
) -> None:
    released = 0
    for seed in range(TRIALS):
        train, test = histories(seed, n_tastes=1)
        challenger, popular = headlines(recipe, train, test)
        released += decide(case(challenger, None, popular)).recipe == "new"

    assert released <= 5


@pytest.mark.parametrize("recipe", [ItemItem(), Ease(reg=100, neighbours=20)])
def test_with_a_signal_they_are_released(recipe: ItemItem | Ease) -> None:
    train, test = histories(0, n_tastes=4)
    challenger, popular = headlines(recipe, train, test)

    assert decide(case(challenger, None, popular)).recipe == "new"


def histories(seed: int, n_tastes: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (users, items) of training and of test rows; users of a taste like its items only."""
    random = np.random.default_rng(seed)
    popularity = 1 / np.arange(2, N_ITEMS + 2)
    taste = random.integers(n_tastes, size=(N_USERS, 1))
    is_of_taste = np.arange(N_ITEMS) % n_tastes == taste
    liked = random.random((N_USERS, N_ITEMS)) < np.minimum(3 * popularity, 0.7) * is_of_taste
    is_test = random.random(liked.shape) < 0.3
    return liked & ~is_test, liked & is_test


def headlines(
    recipe: ItemItem | Ease, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return NDCG@10 of the model's lists and of the most popular items, of users with both."""
    warm = np.flatnonzero(train.any(axis=1) & test.any(axis=1))
    popular = PopularityScorer(train.sum(axis=0, dtype=np.float32)[np.newaxis])
    likes = sparse.csr_array(train.astype(np.float32))
    if isinstance(recipe, Ease):
        weights = item_item.largest(item_item.ease(likes, recipe.reg), 20)
    else:
        weights = neighbours.nearest(likes, recipe)
    model = NeighbourScorer(weights, item_item.rest(popular.by_segment[0]), popular)
    rows, positions = np.nonzero(train[warm])
    user = warm.astype(np.int32)
    block = Block(len(warm), user, np.zeros_like(user), Ragged(rows, positions), None)
    scores = [scorer.scores(block)[0].copy() for scorer in (model, popular)]
    of_model, of_popular = (values(of_all, train[warm], test[warm]) for of_all in scores)
    return of_model, of_popular


def values(
    scores: NDArray[np.float32], seen: NDArray[np.bool_], relevant: NDArray[np.bool_]
) -> NDArray[np.float64]:
    hits = np.zeros((len(scores), K))
    listed = top_n_by_row(np.where(seen, -np.inf, scores).astype(np.float32), K)
    for user, positions in enumerate(listed):
        hits[user, : len(positions)] = relevant[user, positions]
    return ndcg(hits, relevant.sum(axis=1))
