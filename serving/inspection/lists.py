"""One user's list as it is served now, and as it would be with other slate rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from serving.items import ListedItem, ScoredItem
from serving.lists import user_state
from serving.lists.building import ListBuilder
from serving.lists.outcomes import ReRanked, rebuilt
from serving.lists.precomputed import FULL, ListRequest, PrecomputedList, precomputed_list
from serving.lists.releases.cache import ReleaseCache
from serving.rules.slate import arranged
from serving.schemas import ListKind, RuleKind, SlateRules

Ranks = Mapping[str, int]  # by item id, from 1


@dataclass(frozen=True)
class UserLists:
    """One user's lists of up to `FULL` items, from one release and one version of the rules."""

    precomputed: PrecomputedList
    builder: ListBuilder

    @cached_property
    def kind(self) -> ListKind:
        """The kind of the list as served now."""
        if isinstance(rebuilt(self.precomputed, self.builder), ReRanked):
            return self.precomputed.kind
        return self.builder.kind_online()

    @cached_property
    def served(self) -> tuple[ListedItem, ...]:
        """The list as served now, with reasons."""
        return self.builder.listed(self._pool)

    @cached_property
    def without_rules(self) -> list[ScoredItem]:
        """The list as it would be now without slate rules."""
        if self.builder.slate.rules.is_plain:
            return list(self._pool)
        builder = replace(self.builder, slate=self.builder.slate.without_rules)
        return list(_pool(self.precomputed, builder)[:FULL])

    @cached_property
    def ranks(self) -> Ranks:
        """The ranks of the list as served now."""
        return {item.item_id: item.rank for item in self.served}

    @cached_property
    def ranks_before_rules(self) -> Ranks:
        """The ranks of the list without slate rules."""
        return ranks(self.without_rules)

    @cached_property
    def ranks_without(self) -> Mapping[RuleKind, Ranks]:
        """The ranks that the list would have without one of the rules that reorder it, by rule."""
        slate, rules = self.builder.slate, self.builder.slate.rules
        without: dict[RuleKind, SlateRules] = {}
        if rules.boost:
            without["boost"] = rules.model_copy(update={"boost": ()})
        if rules.most_per_category is not None:
            without["most_per_category"] = rules.model_copy(update={"most_per_category": None})
        if rules.most_per_vendor is not None:
            without["most_per_vendor"] = rules.model_copy(update={"most_per_vendor": None})
        if rules.diversity:
            without["diversity"] = rules.model_copy(update={"diversity": 0})
        all_ranks = {
            kind: ranks(arranged(replace(slate, rules=others), self._pool, self.builder.pins, FULL))
            for kind, others in without.items()
        }
        if self.builder.pins:
            unpinned = replace(slate, pinned={})
            all_ranks["pin"] = ranks(arranged(unpinned, self._pool, {}, FULL))
        return all_ranks

    @cached_property
    def _pool(self) -> Sequence[ScoredItem]:
        return _pool(self.precomputed, self.builder)


def read(connection: Connection, cache: ReleaseCache, user_id: str) -> UserLists:
    """Return a user's lists.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    request = ListRequest(limit=FULL, explain=True)
    precomputed = precomputed_list(connection, cache, user_id, request)
    release, revision = precomputed.live.release, precomputed.live.revision
    state = user_state.read(connection, release.release_id, user_id)
    slate = cache.slate(connection, release, revision)
    return UserLists(precomputed, ListBuilder(release, slate, state, request))


def ranks(items: Sequence[ScoredItem]) -> Ranks:
    """Return the ranks of a list."""
    return {scored.item.item_id: rank for rank, scored in enumerate(items, 1)}


def _pool(precomputed: PrecomputedList, builder: ListBuilder) -> Sequence[ScoredItem]:
    outcome = rebuilt(precomputed, builder)
    return outcome.pool if isinstance(outcome, ReRanked) else builder.pool()
