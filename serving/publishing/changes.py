"""What changed in users' lists from one release to another, on a sample of the users of both."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from serving.errors import ReleaseNotReadyError
from serving.schemas import ExampleLists, ItemShare, ReleaseChanges

MAX_USERS = 2000  # a share of 50 % is then known to 2 points
MAX_ITEMS = 10
N_EXAMPLES, EXAMPLE_TITLES = 3, 5

_SIZES = text(
    "select release_id, coalesce((counts->>'recommendations')::bigint, 0) as n from releases"
    " where release_id in (:after, :before) and ready_at is not null and retired_at is null"
)
# Pages are sampled first, so that a large release is not read in full.
_PAIRS = text(
    """
    with listed as materialized (
        select user_id, item_ids[1:10] as item_ids
        from recommendations tablesample system (:percent) repeatable (1)
        where release_id = :after order by hashtext(user_id), user_id limit :n_users
    )
    select listed.user_id, earlier.item_ids[1:10] as before, listed.item_ids as after
    from listed join recommendations as earlier
        on earlier.release_id = :before and earlier.user_id = listed.user_id
    order by hashtext(listed.user_id), listed.user_id
    """
)
_TITLES = text("select item_id, title from items where item_id = any (:item_ids)")


@dataclass(frozen=True, slots=True)
class _Pair:
    user_id: str
    before: Sequence[str]
    after: Sequence[str]

    @property
    def n_new(self) -> int:
        return len({*self.after} - {*self.before})

    @property
    def is_changed(self) -> bool:
        return {*self.after} != {*self.before}


def between(connection: Connection, release_id: int, *, since: int) -> ReleaseChanges:
    """Return what changed in the lists from the release `since` to `release_id`.

    Raises:
        ReleaseNotReadyError: one of them is unknown, or its lists were deleted.
    """
    pairs = _sample(connection, release_id, since)
    n_users = max(len(pairs), 1)
    before = Counter(item for pair in pairs for item in pair.before)
    after = Counter(item for pair in pairs for item in pair.after)
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
        return tuple(titles.get(item, item) for item in items[:EXAMPLE_TITLES])

    return ReleaseChanges(
        release_id=release_id,
        since=since,
        n_users=len(pairs),
        changed_share=sum(pair.is_changed for pair in pairs) / n_users,
        mean_new_items=sum(pair.n_new for pair in pairs) / n_users,
        n_came=len(after.keys() - before.keys()),
        n_went=len(before.keys() - after.keys()),
        gained=shares(gained),
        lost=shares(lost),
        examples=tuple(
            ExampleLists(user_id=pair.user_id, before=titled(pair.before), after=titled(pair.after))
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
    return [*pair.before[:EXAMPLE_TITLES], *pair.after[:EXAMPLE_TITLES]]


def _titles(connection: Connection, *item_ids: Iterable[str]) -> dict[str, str]:
    named = sorted({item_id for several in item_ids for item_id in several})
    rows = connection.execute(_TITLES, {"item_ids": named})
    return {row.item_id: row.title for row in rows}
