"""One user's list under the current slate rules: from precomputed items, or computed online."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, repeat

from serving.items import CatalogueItem, ListedItem, ScoredItem, listed
from serving.lists import reasons, scoring
from serving.lists.precomputed import ListRequest
from serving.lists.releases.loaded import LoadedRelease
from serving.lists.scoring import UserScores
from serving.lists.user_state import UserState
from serving.rules.slate import POOL, Slate, arranged
from serving.schemas import ListKind, Reason


@dataclass(frozen=True)
class ListBuilder:
    """Builds one user's list from everything that it depends on."""

    release: LoadedRelease
    slate: Slate
    state: UserState
    request: ListRequest

    @cached_property
    def pins(self) -> Mapping[int, CatalogueItem]:
        """The pins that this user may be shown, by rank."""
        pinned = self.slate.pinned.items()
        return {rank: item for rank, item in pinned if self._may_be_pinned(item)}

    @cached_property
    def scored(self) -> UserScores:
        """The user's scores from their ratings as they are now."""
        return scoring.score(self.release, self.state, self.state.seen(self.release))

    @property
    def has_new_segment(self) -> bool:
        """Whether the user's attributes changed so that the release scores items differently."""
        return self.state.has_new_segment(self.release)

    @property
    def n_pool(self) -> int:
        """The number of best items that the list is chosen from."""
        return max(POOL, self.request.limit) if self.slate.reorders else self.request.limit

    def allowed(self, item_ids: Iterable[str], scores: Iterable[float]) -> list[ScoredItem]:
        """Return the first `n_pool` of these precomputed items that may be on the list."""
        excluded = {*self.state.hidden, *self.request.exclude}
        category, catalogue = self.request.category, self.release.catalogue
        allowed = (
            ScoredItem(catalogue[item_id], score)
            for item_id, score in zip(item_ids, scores, strict=True)
            if item_id not in excluded
            and item_id not in self.slate.barred
            and (category is None or category in catalogue[item_id].categories)
            and self._passes(catalogue[item_id])
        )
        return list(islice(allowed, self.n_pool))

    def pool(self) -> list[ScoredItem]:
        """Return the best items that may be on the list, by the user's current scores."""
        release, request = self.release, self.request
        excluded = self.scored.excluded | release.cached_mask(self.slate.barred)
        excluded |= release.outside_category(request.category)
        excluded[release.positions_of(request.exclude)] = True
        if request.filtered_by is not None:
            excluded |= release.outside_filter(request.filtered_by)
        return release.scored(*self.scored.best(excluded, self.n_pool))

    def listed(self, pool: Sequence[ScoredItem]) -> tuple[ListedItem, ...]:
        """Return the pool arranged by the rules, with reasons if they were requested."""
        chosen = arranged(self.slate, pool, self.pins, self.request.limit)
        items = [scored.item for scored in chosen]
        explained = self._reasons(items) if self.request.explain else repeat(None)
        return listed(items, [scored.score for scored in chosen], explained)

    def kind_online(self) -> ListKind:
        """Return the kind of a list computed online: `batch` if there are no new ratings."""
        kind = self.scored.kind
        return "batch" if kind == "live" and not self.state.n_new_ratings else kind

    def _reasons(self, items: Sequence[CatalogueItem]) -> list[Reason]:
        of_items = reasons.reasons(self.scored, self.state, [item.item_id for item in items])
        pinned = {item.item_id for item in self.pins.values()}
        return [
            reasons.PINNED if item.item_id in pinned else reason
            for item, reason in zip(items, of_items, strict=True)
        ]

    def _may_be_pinned(self, item: CatalogueItem) -> bool:
        request, state, item_id = self.request, self.state, item.item_id
        in_category = request.category is None or request.category in item.categories
        is_excluded = item_id in request.exclude or item_id in state.hidden
        is_seen = state.is_seen(self.release, item_id)
        may_be_listed = in_category and not is_excluded and not is_seen
        return may_be_listed and self._passes(item)

    def _passes(self, item: CatalogueItem) -> bool:
        filtered_by = self.request.filtered_by
        return filtered_by is None or self.release.passes(filtered_by, item)
