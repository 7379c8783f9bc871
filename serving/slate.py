"""What slate rules make of a list: hidden items go, pins stand, the rest is chosen rank by rank.

At each rank comes the item of the largest marginal relevance (Carbonell and Goldstein 1998):

    (1 - diversity) * (relevance + boosts) - diversity * largest similarity to the ranks just before

Relevance is the score on a scale from the pool's least to its most, 0 to 1; similarity is the
cosine of categories. What would break a cap waits, and gives way where nothing else is left.
A longer list of the same pool begins with the shorter one. Ties are broken by the pool's order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas.rules import WITHIN, SlateRules

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
        pool: items that may be shown, best first, with `score`.
        pinned: those of the slate's pins that may be shown to this person, by rank.
        limit: the length. Pins of lower ranks than a short list has come at its end.
    """
    if not slate.reorders:
        return list(pool[:limit])
    own = {item["item_id"]: item for item in pool}
    pins = {rank: own.get(pin["item_id"], pin | {"score": 0.0}) for rank, pin in pinned.items()}
    taken = {pin["item_id"] for pin in pins.values()}
    free = [item for item in pool if item["item_id"] not in taken]
    ranks = sorted(pins)
    items = free + [pins[rank] for rank in ranks]
    choice = _Choice(slate.rules, items, len(free))
    pin_places = {rank: len(free) + at for at, rank in enumerate(ranks)}
    shown: list[int] = []
    while len(shown) < min(limit, len(items)):
        place = pin_places.pop(len(shown) + 1, None)
        if place is None:
            place = choice.after(shown)
        if place is None:
            place = pin_places.pop(min(pin_places))
        shown.append(place)
    return [items[place] for place in shown]


class _Choice:
    """Items as arrays by place. The first `n_free` are chosen among, the others are pins."""

    def __init__(self, rules: SlateRules, items: Sequence[Fields], n_free: int) -> None:
        self._rules = rules
        self._belongs = belongings([item["categories"] for item in items])
        self._vendors = belongings([_one(item["vendor"]) for item in items])
        self._likeness = alike(self._belongs)
        self._relevance = _relevance(items[:n_free], rules)
        self._left = np.arange(len(items)) < n_free

    def after(self, shown: Sequence[int]) -> int | None:
        """Take the place that follows these, and return it; None if none is left."""
        if not self._left.any():
            return None
        near = shown[max(len(shown) - WITHIN + 1, 0) :]
        fits = self._left & ~self._breaks_a_cap(near)
        worth = np.where(fits if fits.any() else self._left, self._worth(near), -np.inf)
        place = int(np.argmax(worth))
        self._left[place] = False
        return place

    def _worth(self, near: Sequence[int]) -> Floats:
        weight = self._rules.diversity
        worth = np.zeros(len(self._left))
        worth[: len(self._relevance)] = (1 - weight) * self._relevance
        if weight and near:
            worth -= weight * self._likeness[:, near].max(axis=1)
        return worth

    def _breaks_a_cap(self, near: Sequence[int]) -> NDArray[np.bool_]:
        breaks = np.zeros(len(self._left), bool)
        for most, belongs in (
            (self._rules.most_per_category, self._belongs),
            (self._rules.most_per_vendor, self._vendors),
        ):
            if most is not None and near:
                full = belongs[near].sum(axis=0) >= most
                breaks |= belongs[:, full].any(axis=1)
        return breaks


def _relevance(items: Sequence[Fields], rules: SlateRules) -> Floats:
    scores = np.array([item["score"] for item in items], np.float64)
    span = np.ptp(scores) if len(scores) else 0.0
    relevance = (scores - scores.min()) / span if span else np.zeros(len(scores))
    by = {boost.category: boost.by for boost in rules.boost}
    lifts = [sum(by.get(name, 0.0) for name in {*item["categories"]}) for item in items]
    return np.asarray(relevance + np.array(lifts, np.float64), np.float64)


def belongings(names: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    """Return (items, names): which item has which."""
    columns = {name: at for at, name in enumerate(sorted({one for each in names for one in each}))}
    belongs = np.zeros((len(names), len(columns)), bool)
    for place, each in enumerate(names):
        belongs[place, [columns[one] for one in each]] = True
    return belongs


def alike(belongs: NDArray[np.bool_]) -> Floats:
    """Return the cosines (items, items) of the rows; rows of noughts are like no other."""
    rows = belongs.astype(np.float64)
    units = rows / np.sqrt(np.maximum(rows.sum(axis=1, keepdims=True), 1))
    return np.asarray(units @ units.T, np.float64)


def _one(vendor: str | None) -> tuple[str, ...]:
    return () if vendor is None else (vendor,)
