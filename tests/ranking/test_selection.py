"""Selection of the highest scores against a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.selection import top_n, top_n_by_row


@given(
    st.lists(st.lists(st.integers(-2, 3), min_size=7, max_size=7), min_size=1, max_size=5),
    st.integers(0, 9),
)
def test_the_top_n_are_the_first_n_of_a_full_sort(rows: list[list[int]], n: int) -> None:
    scores = np.array(rows, np.float32)
    scores[scores == -2] = -np.inf

    by_row = [positions.tolist() for positions in top_n_by_row(scores, n)]

    for positions, row in zip(by_row, scores, strict=True):
        ranked = sorted(range(7), key=lambda position: (-row[position], position))
        assert positions == [position for position in ranked if row[position] > -np.inf][:n]
        assert positions == top_n(row, n).tolist()


@pytest.mark.parametrize(("n", "expected"), [(3, [1, 3, 4]), (1, [1]), (99, [1, 3, 4, 0]), (0, [])])
def test_ties_are_broken_by_position_and_minus_infinity_is_left_out(
    n: int, expected: list[int]
) -> None:
    assert top_n(np.array([1, 3, -np.inf, 3, 2], np.float32), n).tolist() == expected


def test_nothing_is_selected_from_no_scores() -> None:
    assert top_n(np.empty(0, np.float32), 5).tolist() == []
    assert [row.tolist() for row in top_n_by_row(np.empty((2, 0), np.float32), 5)] == [[], []]


@pytest.mark.parametrize("n_items", [1279, 1280, 1700])
@pytest.mark.parametrize("with_nan", [False, True])
def test_the_top_n_of_long_rows_are_the_first_n_of_a_full_sort(
    n_items: int, *, with_nan: bool
) -> None:
    draw = np.random.default_rng(n_items)
    scores = draw.integers(0, 300, (40, n_items)).astype(np.float32)  # many ties
    scores[draw.random(scores.shape) < 0.2] = -np.inf
    scores[0] = -np.inf
    scores[1, 3:] = -np.inf
    if with_nan:
        scores[2, ::50] = np.nan

    by_row = [positions.tolist() for positions in top_n_by_row(scores, 10)]

    assert by_row == [top_n(row, 10).tolist() for row in scores]
    for positions, row in zip(by_row[3:], scores[3:], strict=True):
        assert positions == np.argsort(-row, kind="stable")[:10].tolist()
