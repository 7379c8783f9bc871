"""What changed in users' lists from one release to another, on a sample of the users of both."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ranking.overlap import PERSISTENCE, rank_biased_overlap
from serving.errors import ReleaseNotReadyError
from serving.schemas import ExampleLists, ItemShare, ReleaseChanges

MAX_USERS = 2000  # a share of 50 % is then known to 2 points
MAX_ITEMS = 10
TOP = 10  # ranks in which changes are counted
DEPTH = 50  # ranks that the overlap reads: with p = 0.9 the others have 0.1 % of the weight
N_EXAMPLES = 3

_SIZES = text(
    "select release_id, coalesce((counts->>'recommendations')::bigint, 0) as n from releases"
    " where release_id in (:after, :before) and ready_at is not null and retired_at is null"
)
# Pages are sampled first, so that a large release is not read in full.
_PAIRS = text(
    f"""
    with listed as materialized (
        select user_id, item_ids[1:{DEPTH}] as item_ids
        from recommendations tablesample system (:percent) repeatable (1)
        where release_id = :after order by hashtext(user_id), user_id limit :n_users
    )
    select listed.user_id, earlier.item_ids[1:{DEPTH}] as before, listed.item_ids as after
    from listed join recommendations as earlier
        on earlier.release_id = :before and earlier.user_id = listed.user_id
    order by hashtext(listed.user_id), listed.user_id
    """  # noqa: S608 # our own number
)
_TITLES = text("select item_id, title from items where item_id = any (:item_ids)")


@dataclass(frozen=True, slots=True)
class _Pair:
    """One user's items in both releases, best first, at most DEPTH of them."""

    user_id: str
    before: Sequence[str]
    after: Sequence[str]

    @property
    def top_before(self) -> Sequence[str]:
        return self.before[:TOP]

    @property
    def top_after(self) -> Sequence[str]:
        return self.after[:TOP]

    @property
    def n_new(self) -> int:
        return len({*self.top_after} - {*self.top_before})

    @property
    def is_changed(self) -> bool:
        return {*self.top_after} != {*self.top_before}


def between(connection: Connection, release_id: int, *, since: int) -> ReleaseChanges:
    """Return what changed in the lists from the release `since` to `release_id`.

    Raises:
        ReleaseNotReadyError: one of them is unknown, or its lists were deleted.
    """
    pairs = _sample(connection, release_id, since)
    n_users = max(len(pairs), 1)
    before = Counter(item for pair in pairs for item in pair.top_before)
    after = Counter(item for pair in pairs for item in pair.top_after)
    changes = sorted(
        {*before, *after}, key=lambda item: (before[item] - after[item], item)
    )  # gains first
    gained = [item for item in changes[:MAX_ITEMS] if after[item] > before[item]]
    lost = [item for item in changes[::-1][:MAX_ITEMS] if before[item] > after[item]]
    examples = [pair for pair in pairs if pair.is_changed][:N_EXAMPLES]
    titles = _titles(connection, gained, lost, *(_shown(pair) for pair in examples))

    def shares(items: Iterable[str]) -> tuple[ItemShare, ...]:
        return tuple(
            ItemShare(
                item_id=item,
                title=titles.get(item, item),
                before=before[item] / n_users,
                after=after[item] / n_users,
            )
            for item in items
        )

    def titled(items: Sequence[str]) -> tuple[str, ...]:
        return tuple(titles.get(item, item) for item in items)

    return ReleaseChanges(
        release_id=release_id,
        since=since,
        n_users=len(pairs),
        changed_share=sum(pair.is_changed for pair in pairs) / n_users,
        mean_new_items=sum(pair.n_new for pair in pairs) / n_users,
        overlap=sum(rank_biased_overlap(pair.before, pair.after) for pair in pairs) / n_users,
        persistence=PERSISTENCE,
        n_came=len(after.keys() - before.keys()),
        n_went=len(before.keys() - after.keys()),
        gained=shares(gained),
        lost=shares(lost),
        examples=tuple(
            ExampleLists(
                user_id=pair.user_id,
                before=titled(pair.top_before),
                after=titled(pair.top_after),
            )
            for pair in examples
        ),
    )


def _sample(connection: Connection, release_id: int, since: int) -> list[_Pair]:
    releases = {"after": release_id, "before": since}
    sizes: dict[int, int] = {row.release_id: row.n for row in connection.execute(_SIZES, releases)}
    for missing in {release_id, since} - sizes.keys():
        raise ReleaseNotReadyError(f"Release {missing} is not loaded or was deleted.")
    percent = min(100.0, 200.0 * MAX_USERS / max(sizes[release_id], 1))
    values = releases | {"percent": percent, "n_users": MAX_USERS}
    return [_Pair(*row) for row in connection.execute(_PAIRS, values)]


def _shown(pair: _Pair) -> list[str]:
    return [*pair.top_before, *pair.top_after]


def _titles(connection: Connection, *item_ids: Iterable[str]) -> dict[str, str]:
    named = sorted({item_id for several in item_ids for item_id in several})
    rows = connection.execute(_TITLES, {"item_ids": named})
    return {row.item_id: row.title for row in rows}
