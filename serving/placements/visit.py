"""What all shelves of one answer share: the release, the rules, the user's state and scores."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

from sqlalchemy import Connection

from serving.filters import filtering
from serving.filters.filtering import Filter
from serving.items import CatalogueItem
from serving.lists import scoring, user_state
from serving.lists.precomputed import (
    ListRequest,
    LiveRelease,
    PrecomputedList,
    live_release,
    precomputed_list,
)
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.lists.scoring import UserScores
from serving.lists.user_state import UserState
from serving.rules.slate import Slate


@dataclass(frozen=True)
class Visit:
    """One user, or an anonymous one, who looks at a placement."""

    connection: Connection
    live: LiveRelease
    slate: Slate
    user_id: str | None
    state: UserState
    precomputed: PrecomputedList | None  # None: an anonymous user
    item_ids: tuple[str, ...]  # the items of the page or the basket
    explain: bool

    @property
    def release(self) -> LoadedRelease:
        """The release that all shelves are made from."""
        return self.live.release

    @cached_property
    def bind(self) -> Callable[..., Filter]:
        """`filtering.bind` with a cache: several shelves of an answer may have the same filter."""
        return cache(partial(filtering.bind, self.connection))

    @cached_property
    def scored(self) -> UserScores:
        """The user's scores from what they did until now."""
        return scoring.score(self.release, self.state, self._seen)

    @cached_property
    def unwanted(self) -> frozenset[str]:
        """The items that leave the user's list: rated, not to be repeated, or hidden."""
        return self.state.hidden.union(self._seen)

    @cached_property
    def _seen(self) -> list[str]:
        return self.state.seen(self.release)

    @cached_property
    def given(self) -> list[CatalogueItem]:
        """The items of the page or the basket that the catalogue has."""
        catalogue, removed = self.release.catalogue, self.slate.removed
        return [catalogue[i] for i in self.item_ids if i in catalogue and i not in removed]

    @cached_property
    def liked(self) -> Sequence[tuple[str, int]]:
        """The user's positive items with the time of the newest rating or event, newest first."""
        state, release = self.state, self.release
        times = [(item_id, self._newest(item_id)) for item_id in state.positive(release)]
        return sorted(times, key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def favourite_categories(self) -> Sequence[str]:
        """The categories of the user's positive items, the most frequent first, then by name."""
        catalogue = self.release.catalogue
        positive = self.state.positive(self.release)
        items = [catalogue[item_id] for item_id in positive if item_id in catalogue]
        counts = Counter(name for item in items for name in item.categories)
        return sorted(counts, key=lambda name: (-counts[name], name))

    def _newest(self, item_id: str) -> int:
        _, rated_at = self.state.rated.get(item_id, (0.0, 0))
        acts = self.state.acts.get(item_id, {})
        return max((rated_at, *(act.micros for act in acts.values())))


def read(
    connection: Connection,
    cache: ReleaseCache,
    user_id: str | None,
    *,
    item_ids: tuple[str, ...] = (),
    explain: bool = False,
) -> Visit:
    """Return what the shelves of an answer share, of the live release.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    if user_id is None:
        precomputed, live = None, live_release(connection, cache)
        state = user_state.of_anonymous_user({})
    else:
        precomputed = precomputed_list(connection, cache, user_id, ListRequest(), is_full=True)
        live = precomputed.live
        state = user_state.read(connection, live.release.release_id, user_id)
    slate = cache.slate(connection, live.release, live.revision)
    return Visit(connection, live, slate, user_id, state, precomputed, item_ids, explain)
