"""A synthetic world of users and films with known preferences, and their ratings.

A user picks among a dozen films that are drawn by the month's popularity. The choice and the stars
depend on the fit, the product of user and item factors, so the truth is known and can be learned.
Preferences and popularity drift; films and users arrive over two years. NumPy only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.names import AGE_GROUPS, CATEGORIES, REGIONS
from ranking.similarity import unit_rows

RANK = 8
MONTHS = 24
START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN_S = MONTHS * 30 * 86400
FIT_WEIGHT = 1.3  # weight of the fit in a choice; the noise is Gumbel(0, 1)
STARS_NOISE = 0.7  # its standard deviation, in stars
_N_OFFERED = 12
_MAX_ROUNDS = 12
_MAX_RATED_SHARE = 0.35
_MIN_RATINGS = 12
_INITIAL_SHARE = 0.7  # share of the films that are there from the first month
_RETURNING_SHARE = 0.65  # share of a user's ratings given after the first evening

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class World:
    """The truth. Rows of `user_…` and `item_…` belong to users and items by index.

    `item_month` is the month of release. `offered` has each month's cumulative popularity.
    """

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
        """Number of users."""
        return len(self.user_factors)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.item_factors)


def generate(size: int, seed: int) -> World:
    """Return a world with `size` ratings: for 1 million 6,040 users and 3,700 items."""
    rng = np.random.default_rng(seed)
    n_users = max(20, round(size * 6040 / 1_000_000))
    n_items = max(100, round(3700 * (size / 1_000_000) ** 0.5))
    genres = rng.normal(size=(len(CATEGORIES), RANK))
    categories = [_draw_categories(rng) for _ in range(n_items)]
    items = np.array([genres[chosen].mean(axis=0) for chosen in categories])
    items = unit_rows(items + 0.4 * rng.normal(size=items.shape))
    ages = rng.choice(len(AGE_GROUPS), size=n_users, p=(0.06, 0.2, 0.3, 0.2, 0.14, 0.1))
    regions = rng.integers(len(REGIONS), size=n_users)
    likes = rng.dirichlet(np.full(len(CATEGORIES), 0.3), size=n_users) @ genres
    by_age = rng.normal(size=(len(AGE_GROUPS), RANK))[ages]
    users = unit_rows(likes + 0.35 * by_age + 0.3 * rng.normal(size=likes.shape))
    popularity = 1.1 * rng.normal(size=n_items)
    month = np.where(
        rng.random(n_items) < _INITIAL_SHARE, 0, rng.integers(0, MONTHS - 2, size=n_items)
    )
    return World(
        seed=seed,
        user_factors=users,
        user_drift=0.5 * unit_rows(rng.normal(size=users.shape)),
        user_bias=0.35 * rng.normal(size=n_users),
        user_age=ages,
        user_region=regions,
        n_events=_activity(rng, size, n_users, n_items),
        item_factors=items,
        item_bias=0.2 * popularity + 0.25 * rng.normal(size=n_items),
        item_categories=[[CATEGORIES[index] for index in chosen] for chosen in categories],
        item_month=month,
        offered=_offered(rng, popularity, month),
    )


def ratings_of(world: World, user: int) -> tuple[Ints, Ints, Ints]:
    """Return a user's items, stars (1 to 5) and times (seconds since 1970), oldest first.

    They depend on the world and the user only, not on the order of calls.
    """
    rng = np.random.default_rng([world.seed, user])
    at = _times(rng, int(world.n_events[user]))
    items = _picked(world, rng, user, at)
    mean = mean_stars(world, user, items, fit(world, user, items, at))
    noise = STARS_NOISE * rng.normal(size=len(at))
    stars = np.clip(np.rint(mean + noise), 1, 5).astype(np.int64)
    seconds = int(START.timestamp()) + (at * SPAN_S).astype(np.int64)
    return items, stars, seconds


def _picked(world: World, rng: np.random.Generator, user: int, at: Floats) -> Ints:
    """Return an item for each time (0 to 1), no item twice."""
    months = np.minimum((at * MONTHS).astype(np.int64), MONTHS - 1)
    picked: Ints = np.full(len(at), -1, dtype=np.int64)
    for _ in range(_MAX_ROUNDS):
        unpicked = np.flatnonzero(picked < 0)
        if not len(unpicked):
            return picked
        fresh = _choose(world, rng, user, at[unpicked], months[unpicked])
        _, first = np.unique(fresh, return_index=True)
        new = first[~np.isin(fresh[first], picked)]
        picked[unpicked[new]] = fresh[new]
    unpicked = np.flatnonzero(picked < 0)
    unseen = np.setdiff1d(np.flatnonzero(world.item_month == 0), picked)
    picked[unpicked] = rng.choice(unseen, size=len(unpicked), replace=False)
    return picked


def _choose(world: World, rng: np.random.Generator, user: int, at: Floats, months: Ints) -> Ints:
    """Return the user's choice among the films offered, at each time."""
    draws = rng.random((len(at), _N_OFFERED))
    offers = np.empty(draws.shape, dtype=np.int64)
    for month in np.unique(months):
        in_month = months == month
        offers[in_month] = np.searchsorted(world.offered[month], draws[in_month], side="right")
    offers = np.minimum(offers, world.n_items - 1)
    utility = FIT_WEIGHT * fit(world, user, offers, at[:, None]) + rng.gumbel(size=offers.shape)
    best: Ints = offers[np.arange(len(at)), utility.argmax(axis=1)]
    return best


def fit(world: World, user: int, items: Ints, at: Floats | float) -> Floats:
    """Return how well the items fit the user at these times: about normal, deviation 1."""
    factors = world.item_factors[items]
    constant: Floats = factors @ world.user_factors[user]
    drifting: Floats = (factors @ world.user_drift[user]) * at
    return (constant + drifting) * float(RANK**0.5)


def mean_stars(world: World, user: int, items: Ints, fit: Floats) -> Floats:
    """Return the expected stars, before noise and rounding."""
    mean: Floats = 3.3 + world.user_bias[user] + world.item_bias[items] + 0.65 * (fit - 1)
    return mean


def _times(rng: np.random.Generator, n: int) -> Floats:
    """Return n times from 0 to 1 in order: a first evening, then ever rarer visits."""
    arrival = rng.random() ** 1.2
    stays = min(1.0 - arrival, 0.02 + rng.exponential(0.3))
    later = rng.random(n) < _RETURNING_SHARE
    spread = np.where(later, rng.random(n) * stays, rng.random(n) * 0.0005)
    times: Floats = np.sort(np.minimum(arrival + spread, 1 - 1e-9))
    return times


def _activity(rng: np.random.Generator, size: int, n_users: int, n_items: int) -> Ints:
    """Return the number of ratings of each user; the sum is exactly `size`."""
    most = max(int(_MAX_RATED_SHARE * n_items), -(-size // n_users) + 1)
    weight = rng.lognormal(0, 1.0, size=n_users)
    share = weight / weight.sum() * max(size - _MIN_RATINGS * n_users, 0)
    counts: Ints = np.minimum(_MIN_RATINGS + share.astype(np.int64), most)
    while (missing := size - int(counts.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = np.flatnonzero(counts < most if step > 0 else counts > 1)
        chosen = rng.choice(movable, size=min(abs(missing), len(movable)), replace=False)
        counts[chosen] += step
    return counts


def _offered(rng: np.random.Generator, popularity: Floats, month: Ints) -> Floats:
    """Return each month's cumulative popularity over the items: (months, items)."""
    drift = np.cumsum(0.12 * rng.normal(size=(MONTHS, len(popularity))), axis=0)
    age = np.arange(MONTHS)[:, None] - month[None, :]
    fresh = np.where(month > 0, 1.2 * np.exp(-np.maximum(age, 0) / 3), 0.0)
    weight = np.where(age >= 0, np.exp(popularity + drift + fresh), 0.0)
    cumulative: Floats = np.cumsum(weight, axis=1)
    return cumulative / cumulative[:, -1:]


def _draw_categories(rng: np.random.Generator) -> list[int]:
    usual = 1 / np.arange(2, len(CATEGORIES) + 2)
    n = int(rng.choice((1, 2, 3), p=(0.35, 0.45, 0.2)))
    return sorted(
        rng.choice(len(CATEGORIES), size=n, replace=False, p=usual / usual.sum()).tolist()
    )
