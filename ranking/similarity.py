"""Cosine similarity of rows."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)


def cosines(rows: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return (n, n), the cosine of each two of the `rows`; 0 where one of them is all zeros.

    Exact for rows of 0 and 1: equal rows have equal cosines to every other row.
    """
    exact = rows.astype(np.float64)
    products = exact @ exact.T
    squares = np.diag(products)
    scale = np.outer(squares, squares)
    return np.asarray(products / np.sqrt(np.where(scale > 0, scale, 1)), np.float64)


def unit_rows(rows: NDArray[Real]) -> NDArray[Real]:
    """Return the rows scaled to length one; rows of zeros stay as they are."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), rows.dtype)
