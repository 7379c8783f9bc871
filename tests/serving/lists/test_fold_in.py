"""Fold-in by hand. That Spark solves the same: tests/jobs/engine/learning/test_fold_in.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.lists.fold_in import Constants, FoldIn, Ratings, strengths

DAY = 86_400_000_000
ROWS = np.random.default_rng(7).normal(size=(9, 4)).astype(np.float32)
CENTRED = Constants(
    weighting="centred", p=0.5, shrinkage=2, epsilon=0.01, global_mean=3, reg=0.4, alpha=2
)


def rated(*values: float, micros: int = 0) -> Ratings:
    n = len(values)
    return Ratings(np.arange(n), np.array(values, np.float64), np.full(n, micros))


@pytest.mark.parametrize(
    ("constants", "expected"),
    [
        (Constants(weighting="stars_from_threshold", threshold=4), [1, 1, 0]),
        (Constants(weighting="minus_midpoint", midpoint=2.5), [2.5, 1.5, -1.5]),
        # the mean of 5, 4, 1 with two pseudo-ratings of 3 is 3.2; half of it and half of 3 is 3.1
        (CENTRED, [1.91, 0.91, -2.09]),
    ],
)
def test_strengths_are_those_of_the_weighting(constants: Constants, expected: list[float]) -> None:
    assert strengths(rated(5, 4, 1), constants) == pytest.approx(expected)


def test_a_strength_halves_with_each_half_life_and_never_grows() -> None:
    constants = Constants(weighting="minus_midpoint", half_life_days=10, newest=100 * DAY)
    days = np.array([100, 80, 900, -(10**6)])
    ages = Ratings(np.arange(4), np.full(4, 4.0), days * DAY)

    assert strengths(ages, constants) == pytest.approx([4, 1, 4, 4e-6])


def test_a_row_solves_the_equations_of_implicit_als() -> None:
    ratings = rated(5, 4, 1)
    folded = FoldIn(ROWS, CENTRED).fold(ratings)

    assert folded is not None
    r, y = strengths(ratings, CENTRED), ROWS[:3].astype(float)
    a = ROWS.astype(float).T @ ROWS + 2 * (y.T * np.abs(r)) @ y + 0.4 * 2 * np.eye(4)
    b = (1 + 2 * r[0]) * y[0] + (1 + 2 * r[1]) * y[1]
    assert folded.row == pytest.approx(np.linalg.solve(a, b), abs=1e-6)
    assert folded.liked.tolist() == [0, 1]


def test_each_model_is_solved_on_its_own_columns_and_priors_follow() -> None:
    weights = {"popularity": 0.3, "demography": 0.4, "category": 0.5, "category_shrinkage": 2}
    more = {
        "models": 2,
        "rank": 1,
        "relevant_from": 4,
        "columns": ("popularity", "segment:f", "category:drama"),
        "weights": weights,
        "category_shares": {"drama": 0.25},
    }
    constants = Constants.model_validate(CENTRED.model_dump() | more)
    rows = np.hstack([ROWS[:, :2], np.ones((9, 3), np.float32)])
    first, second = (FoldIn(ROWS[:, at : at + 1], CENTRED).fold(rated(5, 1)) for at in (0, 1))
    folded = FoldIn(rows, constants).fold(rated(5, 1), "f")

    assert folded is not None
    assert first is not None
    assert second is not None
    assert folded.row[:2] == pytest.approx([first.row[0] / 2, second.row[0] / 2])
    # one relevant item, all drama: (1 + 2 * 0.25) / (1 + 2), twice the mean share
    assert folded.row[2:] == pytest.approx([0.3, 0.4, 0.5 * np.log(2)])
    other_segment = FoldIn(rows, constants).fold(rated(5, 1), "m")
    assert other_segment is not None
    assert other_segment.row[3] == 0


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]), min_size=1, max_size=9))
def test_the_terms_add_up_to_the_score(values: list[float]) -> None:
    constants = Constants.model_validate(
        CENTRED.model_dump()
        | {"rank": 3, "columns": ("popularity",), "weights": {"popularity": 0.7}}
    )
    fold_in = FoldIn(ROWS, constants)
    folded = fold_in.fold(rated(*values))

    if folded is None:
        assert not (strengths(rated(*values), constants) > 0).any()
        return
    by_rating, by_prior = folded.terms(ROWS)
    assert by_rating.shape == (9, len(folded.liked))
    assert by_rating.sum(axis=1) + by_prior.sum(axis=1) == pytest.approx(
        fold_in.scores(folded), abs=1e-5
    )


def test_without_positive_ratings_or_without_factors_there_is_no_row() -> None:
    assert FoldIn(ROWS, CENTRED).fold(rated(1, 1)) is None
    assert FoldIn(ROWS, CENTRED).fold(rated()) is None
    assert FoldIn(np.empty((3, 0), np.float32), Constants()).fold(rated(5)) is None
