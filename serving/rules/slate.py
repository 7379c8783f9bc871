"""A list under slate rules: pins at their ranks, and one item after another for the other ranks.

Each of these gets the item with the largest marginal relevance (Carbonell and Goldstein 1998):

    (1 - diversity) * (relevance + boosts) - diversity * largest similarity to the ranks before

Relevance is the score, scaled to 0 to 1 over the pool; similarity is the cosine of categories.
Pinned items ignore caps but count towards them for later ranks. If no remaining item satisfies the
caps, they are relaxed. Caps and similarity look at the nine ranks before, so caps bind any ten
neighbours. A longer list of the same pool begins with the shorter one. Of equal items, the first of
the pool is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
from numpy.typing import NDArray

from ranking.similarity import cosines
from serving.items import CatalogueItem, ScoredItem
from serving.schemas.rules import CAP_WINDOW, SlateRules

POOL = 100  # best items of a user that the rules reorder

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slate:
    """The active rules, with the catalogue's items that they concern."""

    version: int = 0
    rules: SlateRules = field(default_factory=SlateRules)
    # ids: hidden, do not meet `keep_if`, reported as unavailable (if the rules ask), or removed
    barred: frozenset[str] = frozenset()
    kept_out: frozenset[str] = frozenset()  # ids: do not meet `keep_if`
    removed: frozenset[str] = frozenset()  # ids: removed by the product
    pinned: Mapping[int, CatalogueItem] = field(default_factory=dict)  # by rank

    @property
    def without_rules(self) -> "Slate":
        """The slate if there were no rules."""
        return Slate(barred=self.removed, removed=self.removed)

    @property
    def reorders(self) -> bool:
        """Whether the rules may change a list that has no barred item."""
        rules = self.rules
        caps = rules.most_per_category or rules.most_per_vendor
        return bool(self.pinned or rules.boost or caps or rules.diversity)


def arranged(
    slate: Slate, pool: Sequence[ScoredItem], pins: Mapping[int, CatalogueItem], limit: int
) -> list[ScoredItem]:
    """Return at most `limit` items of the pool and the pins, in the order of the rules.

    The pool has items that may be shown, best first, each once; `pins` has the slate's pins that
    this user may be shown, by rank. Once the pool is used up, the remaining pins follow at once.
    """
    if not slate.reorders:
        return list(pool[:limit])
    row_of = {scored.item.item_id: row for row, scored in enumerate(pool)}
    items, pinned_rows = [*pool], dict[int, int]()
    for rank, pin in sorted(pins.items()):
        pinned_rows[rank] = row_of.get(pin.item_id, len(items))
        if pinned_rows[rank] == len(items):
            items.append(ScoredItem(pin, 0.0))
    choice = _Choice(slate.rules, items, len(pool), [*pinned_rows.values()])
    chosen: list[ScoredItem] = []
    while len(chosen) < min(limit, len(items)):
        row = pinned_rows.pop(len(chosen) + 1, None)
        if row is None:
            row = choice.best()
        if row is None:
            row = pinned_rows.pop(min(pinned_rows))
        choice.take(row)
        chosen.append(items[row])
    return chosen


class _Choice:
    """Chooses the item for the next rank from the first `n_pool` items, but none of the pins.

    The other items are pins that are not in the pool.
    """

    def __init__(
        self, rules: SlateRules, items: Sequence[ScoredItem], n_pool: int, pins: Sequence[int]
    ) -> None:
        categories = membership([scored.item.categories for scored in items])
        self._diversity = rules.diversity
        self._cosines = cosines(categories) if rules.diversity else None
        self._gain = np.full(len(items), -np.inf)  # minus infinity: not to be chosen
        self._gain[:n_pool] = (1 - rules.diversity) * _boosted_relevance(items[:n_pool], rules)
        self._gain[pins] = -np.inf
        self._capped, self._caps = _capped(rules, items, categories)
        self._counts = np.zeros(len(self._caps), np.int64)  # items of each name in the ranks before
        self._before: list[int] = []

    def best(self) -> int | None:
        """Return the row of the item for the next rank; None if no item is left."""
        marginal = self._gain
        if self._cosines is not None and self._before:
            similarity = self._cosines[self._before].max(axis=0)
            marginal = marginal - self._diversity * similarity
        full = self._counts >= self._caps
        if full.any():
            fitting = np.where(self._capped[:, full].any(axis=1), -np.inf, marginal)
            marginal = fitting if fitting.max() > -np.inf else marginal
        row = int(marginal.argmax())
        return row if marginal[row] > -np.inf else None

    def take(self, row: int) -> None:
        """Put an item at the next rank."""
        self._gain[row] = -np.inf
        self._before.append(row)
        self._counts += self._capped[row]
        if len(self._before) == CAP_WINDOW:
            self._counts -= self._capped[self._before.pop(0)]


def _capped(
    rules: SlateRules, items: Sequence[ScoredItem], categories: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return (items, names), True where an item has a capped name; and the cap of each name."""
    capped = [(categories[:, :0], 0)]
    if rules.most_per_category is not None:
        capped.append((categories, rules.most_per_category))
    if rules.most_per_vendor is not None:
        vendors = [() if (v := scored.item.vendor) is None else (v,) for scored in items]
        capped.append((membership(vendors), rules.most_per_vendor))
    caps = [np.full(members.shape[1], cap) for members, cap in capped]
    return np.hstack([members for members, _ in capped]), np.concatenate(caps)


def _boosted_relevance(pool: Sequence[ScoredItem], rules: SlateRules) -> Floats:
    """Return the scores scaled to 0 to 1, plus the boosts.

    Boosts are added up exactly, so the order of an item's categories makes no difference.
    """
    scores = np.array([scored.score for scored in pool], np.float64)
    span = np.ptp(scores) if len(scores) else 0.0
    relevance = (scores - scores.min()) / span if span else np.zeros(len(scores))
    by = {boost.category: boost.by for boost in rules.boost}
    if not by:
        return relevance
    boosts = [fsum(by.get(name, 0.0) for name in {*scored.item.categories}) for scored in pool]
    return np.asarray(relevance + np.array(boosts, np.float64))


def membership(names: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    """Return (items, names), True where the item has the name."""
    columns: dict[str, int] = {}
    pairs = [
        (row, columns.setdefault(name, len(columns)))
        for row, names_of_item in enumerate(names)
        for name in names_of_item
    ]
    members = np.zeros((len(names), len(columns)), bool)
    if pairs:
        members[tuple(zip(*pairs, strict=True))] = True
    return members
