"""Cosines against scipy, and exact ties between equal rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from ranking.similarity import cosines, unit_rows

ROWS = arrays.arrays(np.float64, (5, 4), elements=st.sampled_from([-2.0, -0.5, 0.25, 1.0, 3.0]))


@given(ROWS)
def test_cosines_agree_with_scipy(rows: NDArray[np.float64]) -> None:
    expected = 1 - cdist(rows, rows, "cosine")

    assert cosines(rows) == pytest.approx(expected, abs=1e-9)
    units = unit_rows(rows)
    assert units @ units.T == pytest.approx(expected, abs=1e-9)


@given(arrays.arrays(np.bool_, (6, 8)))
def test_cosines_of_equal_rows_of_flags_are_exact(rows: NDArray[np.bool_]) -> None:
    rows[1] = rows[0]

    similarity = cosines(rows)

    assert (similarity[0] == similarity[1]).all()
    assert similarity[0, 1] == rows[0].any()


def test_a_row_of_zeros_is_similar_to_no_row() -> None:
    rows = np.array([[0, 0], [3, 4]], np.float32)

    assert cosines(rows).tolist() == [[0, 0], [0, 1]]
    assert unit_rows(rows) == pytest.approx(np.array([[0, 0], [0.6, 0.8]]))
    assert unit_rows(rows).dtype == np.float32
