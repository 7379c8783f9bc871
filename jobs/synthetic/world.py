"""An invented world of people with tastes: who rates what, when, and how. NumPy alone.

A person picks among a dozen films that the month's popularity offers, by how well their factors fit
his, and his stars follow the same fit, so the truth is known and can be learned. Tastes and
popularity drift, films and people arrive over two years.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.names import AGE_GROUPS, CATEGORIES, REGIONS

RANK = 8
MONTHS = 24
START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN_S = MONTHS * 30 * 86400
_CHOICE = 12
TASTE = 1.3
_ROUNDS = 12
_LARGEST_SHARE = 0.35
_FEWEST = 12
_THERE_FROM_THE_START = 0.7
_COMES_BACK = 0.65

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is true. Rows of `user_…` and `item_…` are users and items by number."""

    seed: int
    user_factors: Floats
    user_drift: Floats
    user_bias: Floats
    user_age: Ints
    user_region: Ints
    n_events: Ints
    item_factors: Floats
    item_bias: Floats
    item_categories: list[list[str]]
    item_month: Ints
    offered: Floats

    @property
    def n_users(self) -> int:
        """The number of users."""
        return len(self.user_factors)

    @property
    def n_items(self) -> int:
        """The number of items."""
        return len(self.item_factors)


def world(size: int, seed: int) -> World:
    """Return a world in which `size` ratings will be given: 6,040 users, 3,700 items a million."""
    rng = np.random.default_rng(seed)
    n_users = max(20, round(size * 6040 / 1_000_000))
    n_items = max(100, round(3700 * (size / 1_000_000) ** 0.5))
    genres = rng.normal(size=(len(CATEGORIES), RANK))
    categories = [_some_categories(rng) for _ in range(n_items)]
    items = np.array([genres[chosen].mean(axis=0) for chosen in categories])
    items = _unit(items + 0.4 * rng.normal(size=items.shape))
    ages = rng.choice(len(AGE_GROUPS), size=n_users, p=(0.06, 0.2, 0.3, 0.2, 0.14, 0.1))
    regions = rng.integers(len(REGIONS), size=n_users)
    likes = rng.dirichlet(np.full(len(CATEGORIES), 0.3), size=n_users) @ genres
    by_age = rng.normal(size=(len(AGE_GROUPS), RANK))[ages]
    users = _unit(likes + 0.35 * by_age + 0.3 * rng.normal(size=likes.shape))
    popularity = 1.1 * rng.normal(size=n_items)
    month = np.where(
        rng.random(n_items) < _THERE_FROM_THE_START, 0, rng.integers(0, MONTHS - 2, size=n_items)
    )
    return World(
        seed=seed,
        user_factors=users,
        user_drift=0.5 * _unit(rng.normal(size=users.shape)),
        user_bias=0.35 * rng.normal(size=n_users),
        user_age=ages,
        user_region=regions,
        n_events=_activity(rng, size, n_users, n_items),
        item_factors=items,
        item_bias=0.2 * popularity + 0.25 * rng.normal(size=n_items),
        item_categories=[[CATEGORIES[one] for one in chosen] for chosen in categories],
        item_month=month,
        offered=_offered(rng, popularity, month),
    )


def ratings_of(world: World, user: int) -> tuple[Ints, Ints, Ints]:
    """Return a user's items, stars (1 to 5) and times (seconds since 1970), oldest first.

    The same for the same world and user, wherever it is computed.
    """
    rng = np.random.default_rng([world.seed, user])
    at = _times(rng, int(world.n_events[user]))
    items = _picked(world, rng, user, at)
    fit = _fit(world, user, items, at)
    feeling = 3.3 + world.user_bias[user] + world.item_bias[items] + 0.65 * (fit - 1)
    stars = np.clip(np.rint(feeling + 0.7 * rng.normal(size=len(at))), 1, 5).astype(np.int64)
    seconds = int(START.timestamp()) + (at * SPAN_S).astype(np.int64)
    return items, stars, seconds


def _picked(world: World, rng: np.random.Generator, user: int, at: Floats) -> Ints:
    """Return an item for each moment (0 to 1), no item twice."""
    months = np.minimum((at * MONTHS).astype(np.int64), MONTHS - 1)
    picked: Ints = np.full(len(at), -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        open_ = np.flatnonzero(picked < 0)
        if not len(open_):
            return picked
        fresh = _one_each(world, rng, user, at[open_], months[open_])
        _, first = np.unique(fresh, return_index=True)
        new = first[~np.isin(fresh[first], picked)]
        picked[open_[new]] = fresh[new]
    open_ = np.flatnonzero(picked < 0)
    unseen = np.setdiff1d(np.flatnonzero(world.item_month == 0), picked)
    picked[open_] = rng.choice(unseen, size=len(open_), replace=False)
    return picked


def _one_each(world: World, rng: np.random.Generator, user: int, at: Floats, months: Ints) -> Ints:
    """Return what he would take of a dozen films on offer, at each moment."""
    draws = rng.random((len(at), _CHOICE))
    offers = np.empty(draws.shape, dtype=np.int64)
    for month in np.unique(months):
        here = months == month
        offers[here] = np.searchsorted(world.offered[month], draws[here], side="right")
    offers = np.minimum(offers, world.n_items - 1)
    liking = TASTE * _fit(world, user, offers, at[:, None]) + rng.gumbel(size=offers.shape)
    best: Ints = offers[np.arange(len(at)), liking.argmax(axis=1)]
    return best


def _fit(world: World, user: int, items: Ints, at: Floats) -> Floats:
    """Return how well the items fit the user at these moments: about normal, deviation 1."""
    factors = world.item_factors[items]
    fixed: Floats = factors @ world.user_factors[user]
    drifting: Floats = (factors @ world.user_drift[user]) * at
    fit: Floats = (fixed + drifting) * RANK**0.5
    return fit


def _times(rng: np.random.Generator, n: int) -> Floats:
    """Return n moments from 0 to 1 in order: a first evening, then visits that grow rare."""
    arrival = rng.random() ** 1.2
    stays = min(1.0 - arrival, 0.02 + rng.exponential(0.3))
    later = rng.random(n) < _COMES_BACK
    spread = np.where(later, rng.random(n) * stays, rng.random(n) * 0.0005)
    moments: Floats = np.sort(np.minimum(arrival + spread, 1 - 1e-9))
    return moments


def _activity(rng: np.random.Generator, size: int, n_users: int, n_items: int) -> Ints:
    """Return how many ratings each user gives; exactly `size` together."""
    most = max(int(_LARGEST_SHARE * n_items), -(-size // n_users) + 1)
    weight = rng.lognormal(0, 1.0, size=n_users)
    share = weight / weight.sum() * max(size - _FEWEST * n_users, 0)
    counts: Ints = np.minimum(_FEWEST + share.astype(np.int64), most)
    while (missing := size - int(counts.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = np.flatnonzero(counts < most if step > 0 else counts > 1)
        chosen = rng.choice(movable, size=min(abs(missing), len(movable)), replace=False)
        counts[chosen] += step
    return counts


def _offered(rng: np.random.Generator, popularity: Floats, month: Ints) -> Floats:
    """Return each month's cumulative popularity over the items: (months, items)."""
    wander = np.cumsum(0.12 * rng.normal(size=(MONTHS, len(popularity))), axis=0)
    age = np.arange(MONTHS)[:, None] - month[None, :]
    fresh = np.where(month > 0, 1.2 * np.exp(-np.maximum(age, 0) / 3), 0.0)
    weight = np.where(age >= 0, np.exp(popularity + wander + fresh), 0.0)
    cumulative: Floats = np.cumsum(weight, axis=1)
    return cumulative / cumulative[:, -1:]


def _some_categories(rng: np.random.Generator) -> list[int]:
    usual = 1 / np.arange(2, len(CATEGORIES) + 2)
    n = int(rng.choice((1, 2, 3), p=(0.35, 0.45, 0.2)))
    return sorted(
        rng.choice(len(CATEGORIES), size=n, replace=False, p=usual / usual.sum()).tolist()
    )


def _unit(rows: Floats) -> Floats:
    """Return the rows with length 1."""
    scaled: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled
