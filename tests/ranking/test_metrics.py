"""Metrics in numpy against known answers and against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import integrate, stats
from scipy.spatial.distance import pdist

from ranking.metrics import diversity, gini, ndcg, novelty, recall

EXPOSURES = arrays.arrays(np.float64, 30, elements=st.integers(0, 50).map(float)).filter(np.any)
SHARES = arrays.arrays(np.float64, 30, elements=st.floats(1e-4, 1))


@pytest.mark.parametrize(
    ("hits", "n_relevant", "expected"),
    [
        ([1, 1, 0], 2, (1.0, 1.0)),
        ([0, 0, 0], 2, (0.0, 0.0)),
        ([0, 1, 0], 1, (1 / math.log2(3), 1.0)),
        ([1, 0, 0], 2, (1 / (1 + 1 / math.log2(3)), 0.5)),
        ([1, 1, 1], 9, (1.0, 1.0)),
    ],
    ids=["all", "none", "second rank", "one of two", "more relevant items than ranks"],
)
def test_ndcg_and_recall_of_one_list(
    hits: list[int], n_relevant: int, expected: tuple[float, float]
) -> None:
    arguments = (np.array([hits], float), np.array([n_relevant]))

    assert (ndcg(*arguments)[0], recall(*arguments)[0]) == pytest.approx(expected)


def test_ndcg_of_no_users_is_empty() -> None:
    assert ndcg(np.zeros((0, 10)), np.zeros(0, int)).tolist() == []


@given(EXPOSURES, SHARES)
def test_gini_and_novelty_agree_with_scipy(
    exposure: NDArray[np.float64], rated_share: NDArray[np.float64]
) -> None:
    lorenz = np.concatenate([[0], np.cumsum(np.sort(exposure)) / exposure.sum()])
    area = integrate.trapezoid(lorenz, dx=1 / len(exposure))
    assert gini(exposure) == pytest.approx(1 - 2 * area, abs=1e-9)
    # Cross-entropy is entropy plus divergence; scipy scales the shares to a sum of one.
    cross = stats.entropy(exposure, base=2) + stats.entropy(exposure, rated_share, base=2)
    expected = cross - np.log2(rated_share.sum())
    assert novelty(exposure, rated_share) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("exposure", "expected"),
    [([1, 1, 1, 1], 0.0), ([0, 0, 0, 4], 0.75), ([0, 1, 1, 2], 0.375), ([0, 0], 0.0), ([], 0.0)],
)
def test_gini(exposure: list[int], expected: float) -> None:
    assert gini(np.array(exposure, float)) == pytest.approx(expected)


@given(arrays.arrays(np.float32, (10, 6), elements=st.sampled_from([0.0, 1.0])))
def test_diversity_agrees_with_scipy(categories: NDArray[np.float32]) -> None:
    categories[:, 0] = 1  # scipy has no cosine of a row of zeros
    mean = float(pdist(categories.astype(float), "cosine").mean())
    assert diversity(categories) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([[1, 0], [1, 0]], 0.0),
        ([[1, 0], [0, 1]], 1.0),
        ([[1, 0], [1, 0], [0, 1]], 2 / 3),
        ([[1, 0], [0, 0]], 1.0),
        ([[1, 1]], None),
    ],
)
def test_diversity(categories: list[list[int]], expected: float | None) -> None:
    result = diversity(np.array(categories, np.float32))

    assert result == (None if expected is None else pytest.approx(expected))
