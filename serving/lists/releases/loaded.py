"""One release in memory: its items, their factors, popularity and trending values."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.selection import Positions, top_n
from ranking.similarity import unit_rows
from serving.catalogue import Years
from serving.catalogue_changes.content_map import ContentMap
from serving.filters.columns import Columns
from serving.filters.filtering import Filter
from serving.items import CatalogueItem, ScoredItem
from serving.lists.fold_in import Constants, Floats, Folded, FoldIn, Ratings
from serving.lists.neighbours import Neighbours, Summed
from serving.schemas import KindMeaning
from serving.user_attributes import segment_lists, segments
from serving.user_attributes.segment_lists import SegmentLists
from serving.user_attributes.segments import Given

N_SIMILAR = 50  # items that are similar to one, as the fit has them
MASKS = 16  # of filters that are cached

Mask = NDArray[np.bool_]  # (positions,)


@dataclass(frozen=True)
class LoadedRelease:
    """One release. An item's position is its rank by id as UTF-8 bytes; ties go by position.

    Items that the fit has seen have a position. With a `content_map` all others have one as well:
    their rows are computed from their content. `catalogue` has every item that is not withdrawn
    from the release, by id, as of a revision of `slate`.
    """

    release_id: int
    catalogue: Mapping[str, CatalogueItem]
    ids: tuple[str, ...]
    rows: NDArray[np.float32]  # (positions, columns)
    popularity: NDArray[np.float32]
    trending: NDArray[np.float32]
    constants: Constants
    lowest: float  # lowest rating of the scale
    highest: float
    fold_in: FoldIn
    neighbours: Neighbours | None = None  # None: the model is no item-item model
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by item id
    revision: int = 0  # of `slate`: the catalogue has the product's changes up to it
    kinds: Mapping[str, KindMeaning] = field(default_factory=dict)  # of events, by name
    # As `memory`, but not dropped when items change
    lasting: dict[Hashable, Any] = field(default_factory=dict, compare=False)
    content_map: ContentMap | None = None  # None: the fit predicted no factors
    predicted: frozenset[str] = frozenset()  # ids of items with factors from their content
    computed: frozenset[str] = frozenset()  # those of them that were computed after the fit
    segments: SegmentLists = field(default_factory=dict)  # the fallback lists of segments
    user_attributes: tuple[str, ...] = ()  # the names whose values form segments
    since: str | None = None  # the attribute with the time from which an item is sold
    users_until: int = 0  # attributes that were sent in earlier transactions were learned

    def fold(self, ratings: Ratings, segment: str = "") -> Folded | Summed | None:
        """Return the user's scores as a sum over their ratings; None without positive ones."""
        if self.neighbours is None:
            return self.fold_in.fold(ratings, segment)
        return self.neighbours.fold(ratings, self.constants.relevant_from)

    def segment(self, learned: str | None, given: Given | None) -> str:
        """Return a user's segment, see `segments.of_user`."""
        names = self.user_attributes
        return segments.of_user(learned, given, names, learned_until=self.users_until)

    def popularity_in(self, segment: str) -> NDArray[np.float32]:
        """Return the popularity among the users of a segment; of all, if it has no list."""
        listed = self.segments.get(segment, {})
        return segment_lists.popularity(listed, self.positions, self.popularity)

    @property
    def is_of_popularity(self) -> bool:
        """Whether the lists of users are made from popularities, without a model."""
        return self.constants.weighting is None and self.neighbours is None

    @cached_property
    def memory(self) -> dict[Hashable, Any]:
        """What readers derive from the release as of its revision, by keys of their own.

        The number of keys must be bounded: no key may come from a request.
        """
        return {}

    @cached_property
    def items(self) -> tuple[CatalogueItem, ...]:
        """The item at each position."""
        return tuple(self.catalogue[item_id] for item_id in self.ids)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of each item that the fit has seen."""
        return {item_id: position for position, item_id in enumerate(self.ids)}

    @cached_property
    def log_popularity(self) -> Floats:
        """log(1 + popularity / mean popularity): the blend for users unknown to the release."""
        mean = max(float(self.popularity.mean()), 1e-12) if len(self.ids) else 1.0
        return np.log1p(self.popularity.astype(np.float64) / mean)

    @cached_property
    def unit_factors(self) -> NDArray[np.float32]:
        """(positions, factors): the factors without the priors, scaled to length one."""
        return unit_rows(self.rows[:, : self.fold_in.n_factors])

    def similar_by_content(self, item_id: str) -> list[tuple[str, float]] | None:
        """Return the items most similar to one whose row was computed after the fit; None: others.

        They are by id, with cosines of factors, the most similar first.
        """
        if item_id not in self.computed:
            return None
        at = self.positions[item_id]
        cosines = np.einsum("ij,j->i", self.unit_factors, self.unit_factors[at])
        cosines[at] = -np.inf
        nearest = top_n(cosines.astype(np.float32), N_SIMILAR)
        return [(self.ids[position], float(cosines[position])) for position in nearest.tolist()]

    @cached_property
    def by_vendor(self) -> dict[str, list[ScoredItem]]:
        """Each vendor's items with their popularity, the most popular first, ties by id.

        Items that the fit has not seen have popularity 0.
        """
        popularity = dict(zip(self.ids, self.popularity.tolist(), strict=True))
        items_by_vendor: dict[str, list[ScoredItem]] = {}
        for item_id, item in self.catalogue.items():
            if item.vendor is not None:
                scored = ScoredItem(item, popularity.get(item_id, 0.0))
                items_by_vendor.setdefault(item.vendor, []).append(scored)
        for items in items_by_vendor.values():
            items.sort(key=lambda scored: (-scored.score, scored.item.item_id))
        return items_by_vendor

    @cached_property
    def by_category(self) -> dict[str, list[int]]:
        """The positions of each category."""
        positions: dict[str, list[int]] = {}
        for position, item in enumerate(self.items):
            for category in item.categories:
                positions.setdefault(category, []).append(position)
        return positions

    def outside_category(self, category: str | None) -> Mask:
        """Return a mask of the positions outside a category; all False without a category."""
        outside = self._empty_mask()
        if category is not None:
            outside[:] = True
            outside[self.by_category.get(category, [])] = False
        return outside

    @cached_property
    def cached_mask(self) -> Callable[[frozenset[str]], Mask]:
        """Return `mask`, with the last one cached: many items may be barred."""
        return lru_cache(maxsize=1)(self.mask)

    def mask(self, item_ids: Iterable[str]) -> Mask:
        """Return a mask of the items' positions."""
        mask = self._empty_mask()
        mask[self.positions_of(item_ids)] = True
        return mask

    @cached_property
    def years(self) -> NDArray[np.float32]:
        """The year in which each position's item was released; NaN if unknown."""
        years = [item.released for item in self.items]
        return np.array([np.nan if year is None else year for year in years], np.float32)

    def outside_years(self, years: Years) -> Mask:
        """Return a mask of the positions not released in these years; unknown years are outside.

        All False without a bound.
        """
        first, last = years
        if first is None and last is None:
            return self._empty_mask()
        is_since = self.years >= (-np.inf if first is None else first)
        return ~(is_since & (self.years <= (np.inf if last is None else last)))

    @cached_property
    def columns(self) -> Columns:
        """The values of all items, for filters."""
        return Columns((*self.catalogue.values(),), self.attributes)

    @cached_property
    def column_rows(self) -> NDArray[np.int64]:
        """The rows of `columns` with the item at each position, then those of the others."""
        row_of = self.columns.row_of
        others = (item_id for item_id in self.catalogue if item_id not in self.positions)
        return np.array([row_of[item_id] for item_id in (*self.ids, *others)], np.int64)

    @cached_property
    def passing(self) -> Callable[[Filter], Mask]:
        """Return a function: which of `columns` pass a filter, cached."""
        return lru_cache(maxsize=MASKS)(lambda filtered_by: filtered_by.evaluate(self.columns))

    def outside_filter(self, filtered_by: Filter) -> Mask:
        """Return the mask of the positions that a filter leaves out."""
        return ~self.passing(filtered_by)[self.column_rows[: len(self.ids)]]

    def passes(self, filtered_by: Filter, item: CatalogueItem) -> bool:
        """Return whether an item passes a filter; one that the catalogue lacks does not."""
        row = self.columns.row_of.get(item.item_id)
        return row is not None and bool(self.passing(filtered_by)[row])

    def positions_of(self, item_ids: Iterable[str]) -> Positions:
        """Return the positions of those of the items that the fit has seen."""
        position_of = self.positions
        return np.array([position_of[i] for i in item_ids if i in position_of], np.int64)

    def scored(self, positions: Positions, scores: NDArray[np.float32]) -> list[ScoredItem]:
        """Return the items at these positions with their scores."""
        items = self.items
        at = [items[position] for position in positions.tolist()]
        return [*map(ScoredItem, at, scores.tolist())]

    def _empty_mask(self) -> Mask:
        return np.zeros(len(self.ids), bool)
