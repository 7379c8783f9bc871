"""Features of an item's content, the same in a retrain and in the API.

A feature is 1 if the item has this category, vendor, decade of release, or text or listed value of
an attribute. Numeric attributes are features as standardised signed logarithms.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_YEARS_PER_DECADE = 10
MIN_DECADES = -8.0  # items that are older count as this old
MAX_CATEGORIES = 200  # with a column of a prior: those with the most positive interactions


def flags(
    categories: Sequence[str],
    vendor: str | None,
    released: int | None,
    attributes: Mapping[str, str | Sequence[str]],
) -> Iterator[str]:
    """Yield the names of the features that the item has; `attributes` are texts and lists."""
    yield from (f"category:{name}" for name in categories)
    if vendor:
        yield f"vendor:{vendor}"
    if released is not None:
        yield f"decade:{released // _YEARS_PER_DECADE}"
    for name, value in attributes.items():
        of_list = [value] if isinstance(value, str) else value
        yield from (f"{name}:{text}" for text in of_list)


def signed_logs(numbers: Sequence[float]) -> NDArray[np.float64]:
    """Return the logarithm of 1 + each number's size, with its sign."""
    values = np.array(numbers, np.float64)
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def standardised(logs: NDArray[np.float64], centre: float, deviation: float) -> NDArray[np.float32]:
    """Return the distances from the centre in deviations; 0 where the number is unknown."""
    return np.asarray(np.nan_to_num((logs - centre) / deviation), np.float32)


def decades(years: NDArray[np.float32], newest: float) -> NDArray[np.float32]:
    """Return decades before the newest year, `MIN_DECADES` to 0; 0 where the year is unknown."""
    before = (years - newest) / _YEARS_PER_DECADE
    return np.asarray(np.nan_to_num(np.clip(before, MIN_DECADES, 0)), np.float32)
