"""One item as an operator inspects it: who gets it, at which ranks, or why no user does.

Lists and profiles have no index by item. At most `MAX_EXAMINED` rows of each are read: all of a
small release, a sample of the pages of a large one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from serving.errors import UnknownItemError
from serving.inspection import item_status, rule_effects
from serving.inspection.releases import inspected, n_users
from serving.items import CatalogueItem
from serving.lists.precomputed import FULL, live_release
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.rules import store
from serving.rules.slate import Slate
from serving.schemas import Cause, ItemInspection, ListedFor, RankBand, Share

MAX_EXAMINED = 10_000
MAX_SAMPLE = 5
BANDS = ((1, 10), (11, 20), (21, 50), (51, FULL))

_ALL, _SAMPLE = "", "tablesample system (:percent) repeatable (1)"
_LISTS = """
    with examined as (
        select user_id, array_position(item_ids, :item_id) as rank
        from recommendations {sample} where release_id = :release_id limit :most
    )
    select count(*) as n_examined, count(rank) as n, min(rank) as best,
        percentile_disc(0.5) within group (order by rank) as median,
        array[{bands}] as by_band,
        (array_agg(user_id order by rank, user_id) filter (where rank is not null))[1 : :n_sample]
            as user_ids,
        (array_agg(rank order by rank, user_id) filter (where rank is not null))[1 : :n_sample]
            as user_ranks
    from examined
    """
_RATERS = """
    with examined as (
        select :item_id = any(item_ids) as has_rated
        from profiles {sample} where release_id = :release_id limit :most
    )
    select count(*) as n_examined, count(*) filter (where has_rated) as n from examined
    """
_BANDS = ", ".join(
    f"count(*) filter (where rank between {first} and {last})" for first, last in BANDS
)
_STATEMENTS = {
    sample: (
        text(_LISTS.format(sample=sample, bands=_BANDS)),
        text(_RATERS.format(sample=sample)),
    )
    for sample in (_ALL, _SAMPLE)
}
_IS_UNAVAILABLE = text(
    "select exists (select from unavailable_items where item_id = :item_id) as is_unavailable"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an item in the live release."""

    withdrawn_from: int | None  # the first release without it
    is_known: bool  # whether the model was trained on it
    is_unavailable: bool
    is_pinned: bool
    n_lists: int


def inspect(
    connection: Connection, cache: ReleaseCache, item_id: str, *, with_users: bool
) -> ItemInspection:
    """Return all that explains who gets an item. `with_users`: with ids of users who get it.

    Raises:
        NoReleaseError: the data set has no release yet.
        UnknownItemError: the catalogue never had the item.
    """
    live = live_release(connection, cache)
    release, slate = live.release, cache.slate(connection, live.release, live.revision)
    values: dict[str, Any] = {"item_id": item_id, "release_id": release.release_id}
    row = connection.execute(item_status.ITEM, values).one_or_none()
    if row is None:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    item = CatalogueItem(item_id, row.title, tuple(row.categories), row.vendor, row.released)
    n_total = n_users(connection, release.release_id)
    held, raters = _counted(connection, values, n_total)
    is_unavailable = bool(connection.scalar(_IS_UNAVAILABLE, values))
    position = release.positions.get(item_id)
    facts = Facts(
        withdrawn_from=row.withdrawn_from,
        is_known=position is not None,
        is_unavailable=is_unavailable and slate.rules.only_available,
        is_pinned=item_id in {pin.item_id for pin in slate.pinned.values()},
        n_lists=held.n,
    )
    return ItemInspection(
        item=item_status.item_of(row),
        release=inspected(connection, release.release_id, live.live_since),
        rules=store.active(connection),
        popularity=None if position is None else float(release.popularity[position]),
        popularity_rank=None if position is None else _popularity_rank(release, position),
        n_ranked=len(release.ids),
        raters=Share(n=raters.n, n_examined=raters.n_examined, n_total=n_total),
        lists=Share(n=held.n, n_examined=held.n_examined, n_total=n_total),
        ranks=_bands(held),
        best_rank=held.best,
        median_rank=held.median,
        best_ranked=_best_ranked(held) if with_users else (),
        effects=rule_effects.naming(slate, item, is_unavailable=is_unavailable),
        causes=causes(slate, item_id, facts),
    )


def causes(slate: Slate, item_id: str, facts: Facts) -> tuple[Cause, ...]:
    """Return why an item is on no list, the decisive cause first; empty if it is on one."""
    obstacles = []
    if facts.withdrawn_from is not None:
        text = item_status.withdrawn_text(facts.withdrawn_from)
        obstacles.append(Cause(obstacle="withdrawn", text=text))
    if item_id in slate.rules.hide:
        obstacles.append(Cause(obstacle="hidden", text="hidden by a rule, for all users"))
    if item_id in slate.kept_out:
        obstacles.append(Cause(obstacle="kept_out", text=rule_effects.kept_out(slate)))
    if facts.is_unavailable:
        obstacles.append(Cause(obstacle="unavailable", text=rule_effects.UNAVAILABLE))
    if obstacles or facts.is_pinned or facts.n_lists:
        return tuple(obstacles)
    if not facts.is_known:
        text = "no ratings or events when the model was trained, so the model cannot rank it"
        return (Cause(obstacle="never_rated", text=text),)
    text = f"its score is below the first {FULL} of every list that was examined"
    return (Cause(obstacle="below", text=text),)


def _counted(
    connection: Connection, values: dict[str, Any], n_total: int
) -> tuple[Row[Any], Row[Any]]:
    """Return the counts of lists with the item, and of profiles with a rating of it."""
    values |= {"most": MAX_EXAMINED, "n_sample": MAX_SAMPLE}
    is_small = n_total <= MAX_EXAMINED
    if not is_small:
        values["percent"] = 100 * MAX_EXAMINED / n_total
    of_lists, of_profiles = _STATEMENTS[_ALL if is_small else _SAMPLE]
    lists = connection.execute(of_lists, values).one()
    return lists, connection.execute(of_profiles, values).one()


def _popularity_rank(release: LoadedRelease, position: int) -> int:
    return 1 + int((release.popularity > release.popularity[position]).sum())


def _bands(held: Row[Any]) -> tuple[RankBand, ...]:
    if not held.n:
        return ()
    return tuple(
        RankBand(first=first, last=last, n=n)
        for (first, last), n in zip(BANDS, held.by_band, strict=True)
    )


def _best_ranked(held: Row[Any]) -> tuple[ListedFor, ...]:
    pairs = zip(held.user_ids or (), held.user_ranks or (), strict=True)
    return tuple(ListedFor(user_id=user_id, rank=rank) for user_id, rank in pairs)
