"""A small data set whose popular items change from month to month, and its backtest in numpy."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jobs.backtesting.cuts import shifted
from tests.support.jobs import silver
from tests.support.jobs.product import product
from warehouse.datasets import Dataset

if TYPE_CHECKING:
    from warehouse.delta import Warehouse

FIRST, N_MONTHS = datetime(2024, 1, 1, tzinfo=UTC), 7
N_USERS, N_ITEMS, RATED_A_MONTH = 36, 30, 3
NEW_USERS_FROM, NEW_A_MONTH = 3, 6  # months; users who rate from then on
LIKED, DISLIKED, RELEVANT_FROM = 5.0, 2.0, 4
Event = silver.Event


def manifest() -> Dataset:
    """Return the manifest of the data set: without attributes of users."""
    return product(users=None)


def events() -> list[Event]:
    """Return the ratings, oldest first. In month m, items near 4 m are liked most often.

    The first rating of each month is at its very start.
    """
    rng = np.random.default_rng(3)
    rated: dict[str, set[int]] = {}
    rows: list[Event] = []
    for month in range(N_MONTHS):
        at = int(shifted(FIRST, "month", month).timestamp())
        new = max(0, month - NEW_USERS_FROM + 1) * NEW_A_MONTH
        for number in range(N_USERS + new):
            user = f"u{number:03d}"
            seen = rated.setdefault(user, set())
            distance = np.abs((np.arange(N_ITEMS) - 4 * month) % N_ITEMS - N_ITEMS / 2)
            weights = np.where([i in seen for i in range(N_ITEMS)], 0, np.exp(distance / 4))
            chosen = rng.choice(N_ITEMS, RATED_A_MONTH, replace=False, p=weights / weights.sum())
            for item in chosen.tolist():
                rating = LIKED if rng.random() < distance[item] / N_ITEMS * 2 else DISLIKED
                rows.append((user, f"i{item:02d}", "rate", rating, at))
                at += 977
            seen.update(chosen.tolist())
    return rows


def write(warehouse: "Warehouse", rows: Sequence[Event]) -> None:
    """Write the silver tables as `refine` does."""
    users = sorted({user for user, *_ in events()})
    assert {user for user, *_ in rows} == set(users)  # the same numbers of users
    silver.write(warehouse, manifest(), rows, titled=[f"i{n:02d}" for n in range(N_ITEMS)])


def ndcg_of_popular(
    rows: Sequence[Event], cut: datetime, *, age: int, k: int = 10
) -> dict[str, float]:
    """Return each user's NDCG@k of the popular items `age` months before the cut."""
    frame = pd.DataFrame(rows, columns=["user", "item", "kind", "rating", "second"])
    at, until = cut.timestamp(), shifted(cut, "month", 1).timestamp()
    before, test = frame[frame.second < at], frame[frame.second.between(at, until, "left")]
    training = frame[frame.second < shifted(cut, "month", -age).timestamp()]
    likes = training[training.rating >= RELEVANT_FROM].item.value_counts()
    ranking = sorted(set(training.item), key=lambda item: (-likes.get(item, 0), item))
    seen = before.groupby("user").item.agg(set)
    values = {}
    for user, mine in test.groupby("user"):
        known = seen.get(user, set())
        relevant = set(mine[mine.rating >= RELEVANT_FROM].item) & set(before.item) - known
        if relevant:
            first = [item for item in ranking if item not in known][:k]
            gains = [1 / np.log2(at + 2) for at, item in enumerate(first) if item in relevant]
            ideal = [1 / np.log2(at + 2) for at in range(min(k, len(relevant)))]
            values[str(user)] = float(sum(gains) / sum(ideal))
    return values


def is_warm(rows: Sequence[Event], user: str, cut: datetime) -> bool:
    """Return whether the user has a rating before the cut."""
    return any(row[0] == user and row[4] < cut.timestamp() for row in rows)
