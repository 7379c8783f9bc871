"""Guess whether a column has ratings, on which scale, and from where they are relevant."""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names

_MAX_STEPS: Final = 100
_RELEVANT: Final = 0.7  # of the way from the lowest to the highest rating
_MANY: Final = 0.3
_UNNAMED_HIGHEST: Final = 10  # of ratings in a column without a name
_MOSTLY: Final = 0.9
_RATES: Final = re.compile(r"(?i)^(rat|review|star|scor|vote)")


def is_scale(column: Profile) -> bool:
    """Return whether the column has ratings: few values in equal steps, named like a rating."""
    rated = _rated(column)
    if len(rated) < 2 or not column.is_numeric:  # noqa: PLR2004
        return False
    roles = names.roles(column.name)
    step = float(np.diff(rated).min())
    is_even = float(rated[-1] - rated[0]) <= _MAX_STEPS * step
    if "number" in roles and "value" not in roles:
        return False
    if "value" in roles and column.name != "value":
        return is_even
    return is_even and float(rated[0]) >= 0 and float(rated[-1]) <= _UNNAMED_HIGHEST


def scale(column: Profile) -> Fields:
    """Return the fields of `[scale]` as found in the column."""
    rated = _rated(column)
    lowest, highest = float(rated[0]), float(rated[-1])
    step = float(np.diff(rated).min())
    relevant = next(x for x in rated if x >= lowest + _RELEVANT * (highest - lowest) - 1e-9)
    return {
        "lowest": Guess(lowest, "the lowest value found"),
        "highest": Guess(highest, "the highest value found"),
        "step": Guess(step, f"{len(rated)} different values"),
        "relevant_from": Guess(float(relevant), "the upper third of the scale"),
    }


def rated_kinds(kind: Profile, value: Profile) -> tuple[str, ...]:
    """Return the texts of the column of kinds whose rows have ratings in the other column.

    If all kinds have values, only those whose name says that they are ratings.
    """
    if "value" not in names.roles(value.name) or not is_scale(value):
        return ()
    texts: list[str] = kind.distinct.to_pylist()
    rated = [text for text in texts if _is_filled(ratings(kind, value, (text,)))]
    if len(rated) == len(texts):
        rated = [text for text in rated if _RATES.match(text)]
    return tuple(rated)


def ratings(kind: Profile, value: Profile, rated: tuple[str, ...]) -> Profile:
    """Return the column of values with the rows of these kinds only."""
    texts = pc.utf8_trim_whitespace(kind.texts)
    is_rated = pc.is_in(texts, value_set=pa.array(rated, pa.string()))
    return Profile(value.name, value.texts.filter(is_rated))


def _is_filled(column: Profile) -> bool:
    return len(column.filled) >= _MOSTLY * len(column.texts)


def zero_is_no_value(column: Profile) -> bool:
    """Return whether 0 seems to stand for "no rating": it is frequent, and others start at 1."""
    if not column.is_numeric or "value" not in names.roles(column.name):
        return False
    share = float((column.numbers == 0).mean())
    others = np.unique(column.numbers[column.numbers > 0])
    return share > _MANY and len(others) > 3 and others[0] >= 1  # noqa: PLR2004


def _rated(column: Profile) -> np.ndarray:
    """Return the different ratings in order."""
    distinct = np.unique(column.numbers)
    return distinct[distinct != 0] if zero_is_no_value(column) else distinct
