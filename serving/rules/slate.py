"""What slate rules make of a list: hidden items go, pins stand, the rest is chosen rank by rank.

At each rank comes the item of the largest marginal relevance (Carbonell and Goldstein 1998):

    (1 - diversity) * (relevance + boosts) - diversity * largest similarity to the ranks just before

Relevance is the score on a scale from the pool's least to its most, 0 to 1; similarity is the
cosine of categories. What would break a cap waits; a cap gives way where nothing else is left, and
to pins, which the ranks after them count. The ranks just before are nine: with the next one they
are any ten neighbours. A longer list of the same pool begins with the shorter one. Ties are broken
by the pool's order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas.rules import CAP_WINDOW, SlateRules

POOL = 100  # so many of a person's best are reordered

Fields = dict[str, Any]  # of an item: item_id, score, categories and vendor at least
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slate:
    """The rules that hold, and what they need of the catalogue.

    `pinned` has the fields of pinned items by rank, as far as the catalogue has them.
    """

    version: int = 0
    rules: SlateRules = field(default_factory=SlateRules)
    barred: frozenset[str] = frozenset()  # hidden by a rule, or not to be had
    pinned: Mapping[int, Fields] = field(default_factory=dict)

    @property
    def reorders(self) -> bool:
        """Whether a list without barred items may still come out as another one."""
        own = self.rules
        caps = own.most_per_category or own.most_per_vendor
        return bool(self.pinned or own.boost or caps or own.diversity)


def arranged(
    slate: Slate, pool: Sequence[Fields], pinned: Mapping[int, Fields], limit: int
) -> list[Fields]:
    """Return at most `limit` items of the pool and the pins, in the order of the rules.

    Args:
        slate: the rules.
        pool: items that may be shown, best first, with `score`; no item twice.
        pinned: those of the slate's pins that may be shown to this person, by rank.
        limit: the length. Where the pool is used up, the pins that are left follow at once.
    """
    if not slate.reorders:
        return list(pool[:limit])
    known = {item["item_id"]: place for place, item in enumerate(pool)}
    items, pins = [*pool], dict[int, int]()
    for rank, pin in sorted(pinned.items()):
        pins[rank] = known.get(pin["item_id"], len(items))
        if pins[rank] == len(items):
            items.append(pin | {"score": 0.0})
    choice = _Choice(slate.rules, items, len(pool), [*pins.values()])
    shown: list[Fields] = []
    while len(shown) < min(limit, len(items)):
        place = pins.pop(len(shown) + 1, None)
        if place is None:
            place = choice.best()
        if place is None:
            place = pins.pop(min(pins))
        choice.take(place)
        shown.append(items[place])
    return shown


class _Choice:
    """What is left, and what the ranks just before allow. An item is a row: its place.

    Args:
        rules: the rules.
        items: the pool, and after it what is pinned from elsewhere.
        n_pool: so many are the pool.
        pins: places that are never chosen.
    """

    def __init__(
        self, rules: SlateRules, items: Sequence[Fields], n_pool: int, pins: Sequence[int]
    ) -> None:
        categories = belongings([item["categories"] for item in items])
        self._diversity = rules.diversity
        self._cosines = alike(categories) if rules.diversity else None
        self._worth = np.full(len(items), -np.inf)  # of what is left
        self._worth[:n_pool] = (1 - rules.diversity) * _relevance(items[:n_pool], rules)
        self._worth[pins] = -np.inf
        self._counted, self._most = _capped(rules, items, categories)
        self._counts = np.zeros(len(self._most), np.int64)  # among the ranks just before
        self._near: list[int] = []

    def best(self) -> int | None:
        """Return the place that should come next; None if none is left."""
        worth = self._worth
        if self._cosines is not None and self._near:
            worth = worth - self._diversity * self._cosines[self._near].max(axis=0)
        full = self._counts >= self._most
        if full.any():
            fitting = np.where(self._counted[:, full].any(axis=1), -np.inf, worth)
            worth = fitting if fitting.max() > -np.inf else worth
        place = int(worth.argmax())
        return place if worth[place] > -np.inf else None

    def take(self, place: int) -> None:
        """Let this place come next: it is left no more, and what follows heeds it."""
        self._worth[place] = -np.inf
        self._near.append(place)
        self._counts += self._counted[place]
        if len(self._near) == CAP_WINDOW:
            self._counts -= self._counted[self._near.pop(0)]


def _capped(
    rules: SlateRules, items: Sequence[Fields], categories: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return (items, names) for the names that are capped, and how many of each are allowed."""
    found = [(categories[:, :0], 0)]
    if rules.most_per_category is not None:
        found.append((categories, rules.most_per_category))
    if rules.most_per_vendor is not None:
        vendors = belongings([vendor_of(item) for item in items])
        found.append((vendors, rules.most_per_vendor))
    most = [np.full(belongs.shape[1], most) for belongs, most in found]
    return np.hstack([belongs for belongs, _ in found]), np.concatenate(most)


def _relevance(pool: Sequence[Fields], rules: SlateRules) -> Floats:
    """Return the scores from 0 to 1, with the boosts. Sums are exact: no order sways them."""
    scores = np.array([item["score"] for item in pool], np.float64)
    span = np.ptp(scores) if len(scores) else 0.0
    relevance = (scores - scores.min()) / span if span else np.zeros(len(scores))
    by = {boost.category: boost.by for boost in rules.boost}
    if not by:
        return relevance
    lifts = [fsum(by.get(name, 0.0) for name in {*item["categories"]}) for item in pool]
    return np.asarray(relevance + np.array(lifts, np.float64), np.float64)


def belongings(names: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    """Return (items, names): which item has which."""
    columns: dict[str, int] = {}
    pairs = [
        (place, columns.setdefault(name, len(columns)))
        for place, each in enumerate(names)
        for name in each
    ]
    belongs = np.zeros((len(names), len(columns)), bool)
    if pairs:
        belongs[tuple(zip(*pairs, strict=True))] = True
    return belongs


def alike(belongs: NDArray[np.bool_]) -> Floats:
    """Return the cosines (items, items) of the rows; rows of noughts are like no other.

    Counts are whole numbers, so items with the same names are exactly as like to all others.
    """
    rows = belongs.astype(np.float64)
    sizes = rows.sum(axis=1)
    return np.asarray(rows @ rows.T / np.sqrt(np.maximum(np.outer(sizes, sizes), 1)), np.float64)


def vendor_of(item: Fields) -> tuple[str, ...]:
    """Return the item's vendor, as its categories are; nobody where it has none."""
    return () if item["vendor"] is None else (item["vendor"],)
