"""The truth of the shop: its products, prices and stock, and its users' tastes and budgets.

A user opens the shop in sessions. Each session is about one department, chosen by the user's
interests. Products are viewed by popularity and by how well they fit the user's taste and budget;
the same two decide whether a viewed product is put into the basket, and bought. So the probability
of each purchase is known: `jobs.synthetic.shop.demand` computes it. NumPy only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.names import AGE_GROUPS, REGIONS
from jobs.synthetic.shop.words import DEPARTMENTS, GO_TOGETHER, TYPES
from ranking.similarity import unit_rows

RANK = 8
WEEKS = 26
WEEK_S, DAY_S = 7 * 86400, 86400
START = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
USERS_PER_EVENT, ITEMS = 5000 / 400_000, 2500  # the latter for 400,000 events
_VIEWS_PER_EVENT = 0.83  # the other events are carts and purchases
_INITIAL_SHARE = 0.7  # share of the products that are there from the first week
_FEWEST_VIEWS = 5
_SELLS_OUT, _RESTOCKED, _DISCONTINUED = 0.04, 0.45, 0.04  # per week; the last one: share of all

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
TYPE_DEPARTMENTS: Ints = np.array([DEPARTMENTS.index(x.department) for x in TYPES])


@dataclass(frozen=True, slots=True)
class Shop:
    """The truth. Rows of `user_…` and `item_…` belong to users and items by index.

    `user_interests` has the probability that a session is about each department. `user_budget` and
    `item_tier` are logarithms: of the price that a user likes, and of the item's price, both
    relative to the usual price of the item's type. `item_week` is the week from which an item is
    sold. `item_complement` is the item that goes with each item, which is a pair of two items; -1
    if there is none. `in_stock` and `popularity` are (weeks, items); a popularity is 0 before that
    week. `items_of` has the items of each department, `all_items` those of all.
    """

    seed: int
    user_factors: Floats
    user_interests: Floats
    user_budget: Floats
    user_age: Ints
    user_region: Ints
    n_views: Ints
    item_factors: Floats
    item_type: Ints
    item_tier: Floats
    item_price: Floats
    item_appeal: Floats
    item_week: Ints
    item_complement: Ints
    in_stock: Flags
    popularity: Floats
    items_of: tuple[Ints, ...]
    all_items: Ints

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.user_factors)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.item_factors)

    @property
    def item_department(self) -> Ints:
        """Each item's department, an index into `DEPARTMENTS`."""
        return TYPE_DEPARTMENTS[self.item_type]


def generate(size: int, seed: int) -> Shop:
    """Return a shop with about `size` events: for 400,000 5,000 users and 2,500 items."""
    rng = np.random.default_rng(seed)
    n_users = max(20, round(size * USERS_PER_EVENT))
    n_items = max(2 * len(TYPES), round(ITEMS * (size / 400_000) ** 0.5))
    types = rng.permutation(np.arange(n_items) % len(TYPES))
    of_type = rng.normal(size=(len(TYPES), RANK))
    tier = np.clip(0.45 * rng.normal(size=n_items), -1, 1.2)
    price = _shop_price(np.array([TYPES[index].usual_price for index in types]) * np.exp(tier))
    week = np.where(rng.random(n_items) < _INITIAL_SHARE, 0, rng.integers(1, WEEKS, size=n_items))
    week[np.unique(types, return_index=True)[1]] = 0  # each department has items at all times
    ages = rng.choice(len(AGE_GROUPS), size=n_users, p=(0.03, 0.17, 0.3, 0.24, 0.16, 0.1))
    by_age = rng.normal(size=(len(AGE_GROUPS), RANK))[ages]
    likes = rng.normal(size=(n_users, RANK))
    in_stock = _stock(rng, week)
    popularity = _popularity(rng, week, in_stock)
    return Shop(
        seed=seed,
        user_factors=unit_rows(likes + 0.5 * by_age),
        user_interests=rng.dirichlet(np.full(len(DEPARTMENTS), 0.25), size=n_users),
        user_budget=0.08 * (ages - ages.mean()) + 0.4 * rng.normal(size=n_users),
        user_age=ages,
        user_region=rng.integers(len(REGIONS), size=n_users),
        n_views=_activity(rng, round(size * _VIEWS_PER_EVENT), n_users),
        item_factors=unit_rows(of_type[types] + 1.2 * rng.normal(size=(n_items, RANK))),
        item_type=types,
        item_tier=tier,
        item_price=price,
        item_appeal=0.4 * rng.normal(size=n_items),
        item_week=week,
        item_complement=_complements(types, popularity),
        in_stock=in_stock,
        popularity=popularity,
        items_of=tuple(
            np.flatnonzero(TYPE_DEPARTMENTS[types] == department)
            for department in range(len(DEPARTMENTS))
        ),
        all_items=np.arange(n_items),
    )


def _shop_price(price: Floats) -> Floats:
    """Return prices as shops write them: 12.90, and from 100 on 149.00."""
    cents: Floats = np.where(price < 100, np.floor(price) + 0.9, np.round(price))  # noqa: PLR2004
    return cents


def _stock(rng: np.random.Generator, item_week: Ints) -> Flags:
    """Return whether each item can be bought in each week: (weeks, items)."""
    n = len(item_week)
    last = np.where(rng.random(n) < _DISCONTINUED, rng.integers(WEEKS // 2, WEEKS, size=n), WEEKS)
    last = np.maximum(last, item_week + 2)
    in_stock = np.zeros((WEEKS, n), dtype=bool)
    available = np.ones(n, dtype=bool)
    for week in range(WEEKS):
        draws = rng.random(n)
        available = np.where(available, draws >= _SELLS_OUT, draws < _RESTOCKED)
        available |= week == item_week
        in_stock[week] = available & (week >= item_week) & (week < last)
    return in_stock


def _popularity(rng: np.random.Generator, item_week: Ints, in_stock: Flags) -> Floats:
    """Return how often each item is offered in each week: (weeks, items).

    It drifts, is larger for new items, and a quarter while an item is sold out.
    """
    n = len(item_week)
    level = 1.1 * rng.normal(size=n) + np.cumsum(0.08 * rng.normal(size=(WEEKS, n)), axis=0)
    age = np.arange(WEEKS)[:, None] - item_week[None, :]
    fresh = np.where(item_week > 0, 1.2 * np.exp(-np.maximum(age, 0) / 3), 0.0)
    weight: Floats = np.where(age >= 0, np.exp(level + fresh), 0.0)
    return np.where(in_stock, weight, weight / 4)


def _complements(types: Ints, popularity: Floats) -> Ints:
    """Return the item that goes with each item: of two types that go together, one of each.

    The most popular items of both types are a pair, then the next ones, and so on.
    """
    complements = np.full(len(types), -1)
    by_popularity = np.argsort(-popularity.sum(axis=0), kind="stable")
    for pair in GO_TOGETHER:
        one, other = (by_popularity[types[by_popularity] == index] for index in pair)
        n = min(len(one), len(other))
        complements[one[:n]], complements[other[:n]] = other[:n], one[:n]
    return complements


def _activity(rng: np.random.Generator, n_views: int, n_users: int) -> Ints:
    """Return the number of views of each user; the sum is `n_views` if there are enough."""
    weight = rng.lognormal(0, 0.9, size=n_users)
    share = weight / weight.sum() * max(n_views - _FEWEST_VIEWS * n_users, 0)
    counts: Ints = _FEWEST_VIEWS + share.astype(np.int64)
    missing = max(n_views - int(counts.sum()), 0)
    counts[rng.integers(n_users, size=missing)] += 1
    return counts
