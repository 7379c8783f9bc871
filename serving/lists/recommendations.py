"""Lists of items: for a person, for a stranger, and like an item. No answer mixes two releases.

A list is `batch` as long as the person has rated nothing since: looked up, less what he hides now,
or scored anew where the stored list is too short for what was asked. Otherwise it is made just now
(`live`), or everybody's (`fallback`): see `serving.lists.scoring`. Slate rules hold for all of them
alike, each person's 100 best of what he may be shown: see `serving.rules.slate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, OffScaleError, UnknownItemError
from serving.lists import reasons, scoring, user_state
from serving.lists.precomputed import FULL, ListRequest, PrecomputedList, stored_for
from serving.lists.release_cache import CachedReasons, LoadedRelease, ReleaseCache
from serving.lists.scoring import Scored
from serving.lists.user_state import UserState
from serving.rules import store
from serving.rules.slate import POOL, Fields, Slate, arranged
from serving.schemas import GivenRating, Recommendations, SimilarItems
from serving.storage.prepared import Prepared

_LIVE = text(
    """
    select live.release_id, live.since as live_since, releases.recipe, slate.revision,
        greatest(extract(epoch from clock_timestamp() - live.since), 0) as age_seconds
    from live_release as live cross join slate join releases using (release_id)
    """
)
_LIKE_ITEM = Prepared(
    "like_item",
    {"item_id": "text", "limit": "integer"},
    f"""
    select live.release_id, asked.item_id as asked, listed.*
    from live_release as live
    left join items as asked on asked.item_id = :item_id
    left join similar_items as lists
        on lists.release_id = live.release_id and lists.item_id = asked.item_id
    left join lateral (
        select items.item_id, alike.score, row_number() over (order by alike.at) as rank,
            items.title, items.categories, items.vendor, items.released
        from unnest(lists.item_ids, lists.scores) with ordinality as alike(item_id, score, at)
        join items on items.item_id = alike.item_id
        cross join slate
        where {store.ALLOWED}
        order by alike.at limit :limit
    ) as listed on true
    order by listed.rank
    """,  # noqa: S608 # our own columns
)


@dataclass(frozen=True)
class Person:
    """Whom a list is made for, and what holds for it."""

    held: LoadedRelease
    slate: Slate
    taste: UserState
    wanted: ListRequest

    @cached_property
    def pins(self) -> Mapping[int, Fields]:
        """What is pinned for everybody, by rank, as far as it may be shown to him."""
        pinned = self.slate.pinned.items()
        return {rank: item for rank, item in pinned if self._may_be_pinned(item)}

    @cached_property
    def scored(self) -> Scored:
        """His scores just now."""
        return scoring.score(self.held, self.taste)

    @property
    def n_pool(self) -> int:
        """So many of his best are what a list is chosen from."""
        return max(POOL, self.wanted.limit) if self.slate.reorders else self.wanted.limit

    def may_see(self, item: Fields) -> bool:
        """Return whether an item of his stored list may be listed."""
        item_id = item["item_id"]
        gone = item_id in self.taste.hidden or item_id in self.slate.barred
        return self.wanted.takes(item) and not gone

    def ranked(self, pool: Sequence[Fields]) -> list[Fields]:
        """Return what is shown of a pool, by the rules."""
        shown = arranged(self.slate, pool, self.pins, self.wanted.limit)
        return [item | {"rank": rank} for rank, item in enumerate(shown, 1)]

    def _may_be_pinned(self, item: Fields) -> bool:
        his, item_id = self.taste, item["item_id"]
        return self.wanted.takes(item) and item_id not in his.hidden and item_id not in his.rated


def for_user(
    connection: Connection, cache: ReleaseCache, user_id: str, wanted: ListRequest
) -> Recommendations:
    """Return a person's list, best first: see the module for its kinds.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    stored = stored_for(connection, cache, user_id, wanted)
    answer = stored.release | {"user_id": user_id, "kind": stored.kind}
    items: list[Fields] | None = stored.items
    if wanted.explain:
        items = _told_before(cache.told.get(user_id), stored)
    if stored.whole or items is None:
        taste = user_state.read(connection, stored.held.release_id, user_id)
        slate = cache.slate(connection, stored.held.release_id, stored.revision)
        answer |= made(Person(stored.held, slate, taste, wanted), stored)
        looked_up = stored.kind == "batch" and not stored.whole
        if looked_up and slate.rules.is_plain and not taste.n_new_ratings:
            given = {item["item_id"]: item["reason"] for item in answer["items"]}
            cache.tell(user_id, CachedReasons(stored.held.release_id, given))
    else:
        answer["items"] = items
    return Recommendations.model_validate(answer)


def _told_before(told: CachedReasons | None, stored: PrecomputedList) -> list[Fields] | None:
    """Return what is stored with the reasons that were given before; None if they are others."""
    if told is None or stored.kind != "batch" or told.release_id != stored.held.release_id:
        return None
    if any(item["item_id"] not in told.reasons for item in stored.items):
        return None
    return [item | {"reason": told.reasons[item["item_id"]]} for item in stored.items]


def for_anonymous_user(
    connection: Connection, cache: ReleaseCache, ratings: Sequence[GivenRating], wanted: ListRequest
) -> Recommendations:
    """Return a list for somebody of whom only these ratings are known; nothing is stored.

    Of an item that the release does not know nothing can be learned: it is passed over. Of two
    ratings of one item the later one counts.

    Raises:
        NoReleaseError: nothing was released yet.
        OffScaleError: a rating lies outside the data set's scale.
    """
    release = connection.execute(_LIVE).mappings().one_or_none()
    if release is None:
        raise NoReleaseError("Nothing was released yet.")
    held = cache.of(connection, release["release_id"])
    for one in ratings:
        if not held.lowest <= one.rating <= held.highest:
            raise OffScaleError(
                f"{one.rating:g} is not on the scale from {held.lowest:g} to {held.highest:g}."
            )
    given = {one.item_id: (one.rating, held.constants.newest) for one in ratings}
    slate = cache.slate(connection, held.release_id, release["revision"])
    person = Person(held, slate, user_state.of_stranger(given), wanted)
    return Recommendations.model_validate({**release, "user_id": None, **_just_now(person)})


def made(person: Person, stored: PrecomputedList) -> Fields:
    """Return kind, items and what made them: of the stored list, as long as it says all."""
    kept = [item for item in stored.items if person.may_see(item)]
    cut = len(stored.items) in {FULL, person.wanted.limit}  # rules may be newer than what was read
    may_lack_some = cut or stored.kind == "fallback"
    if person.taste.n_new_ratings or (may_lack_some and len(kept) < person.n_pool):
        return _just_now(person)
    items = person.ranked(kept)
    if person.wanted.explain:
        items = _explained(person, items)
    return _answer(person, stored.kind, items)


def _just_now(person: Person) -> Fields:
    kind, items = person.scored.kind, person.ranked(_pool(person))
    if person.wanted.explain:
        items = _explained(person, items)
    told_nothing_new = kind == "live" and not person.taste.n_new_ratings
    return _answer(person, "batch" if told_nothing_new else kind, items)


def _pool(person: Person) -> list[Fields]:
    """Return what a person's list is chosen from, made just now, best first."""
    held, wanted, scored = person.held, person.wanted, person.scored
    out = scored.out | held.outside(wanted.category) | held.barred(person.slate.barred)
    out[held.places_of(wanted.exclude)] = True
    return held.listed(*scored.best(out, person.n_pool))


def _explained(person: Person, items: list[Fields]) -> list[Fields]:
    pinned = {pin["item_id"] for pin in person.pins.values()}
    return [
        item | {"reason": reasons.PINNED} if item["item_id"] in pinned else item
        for item in reasons.given(person.scored, person.taste, items)
    ]


def _answer(person: Person, kind: str, items: list[Fields]) -> Fields:
    said = {"n_new_ratings": person.taste.n_new_ratings, "rules_version": person.slate.version}
    return {"kind": kind, "items": items, **said}


def similar_to(connection: Connection, item_id: str, *, limit: int) -> SimilarItems:
    """Return the items most like one item; empty where the recipe knows no likeness.

    Raises:
        NoReleaseError: nothing was released yet.
        UnknownItemError: the catalogue does not have the item.
    """
    found = _LIKE_ITEM.execute(connection, item_id=item_id, limit=limit)
    rows = found.mappings().all()
    if not rows:
        raise NoReleaseError("Nothing was released yet.")
    if rows[0]["asked"] is None:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    listed = [dict(row) for row in rows if row["item_id"] is not None]
    answer = {"item_id": item_id, "release_id": rows[0]["release_id"], "items": listed}
    return SimilarItems.model_validate(answer)
