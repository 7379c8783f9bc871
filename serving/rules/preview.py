"""What slate rules would change, tried on the lists of the last retrain's evaluation users.

The later ratings of these users are known, so rules are evaluated like models: by NDCG@10 and
recall@10, over users whom the fit knows. Each list is arranged three times: without rules, under
the active rules, and under the new rules. Pins are shown even to users who had rated the item,
because the window's lists do not record the rated items.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Row, text

from ranking import metrics
from serving import catalogue
from serving.errors import NoReleaseError, NoWindowListsError
from serving.filters import filtering
from serving.filters.columns import Columns
from serving.items import CatalogueItem, ScoredItem
from serving.lists.releases.cache import ReleaseCache
from serving.rules import store
from serving.rules.slate import Floats, Slate, arranged, membership
from serving.schemas import Exposure, RulesPreview, SlateFigures, SlateRules

LENGTH = 10
MAX_EXPOSURES = 20
Z = 1.96  # standard errors on each side of a 95 % interval

_LISTS = text(
    "select retrain_id, recipe, item_ids, scores, relevant from window_lists order by user_id"
)
_LIVE = text("select release_id from live_release")
_N_ITEMS = text("select count(*) from item_factors where release_id = :release_id")

Kind = Literal["category", "vendor"]
Lists = Sequence[Sequence[ScoredItem]]


@dataclass(frozen=True, slots=True)
class WindowUser:
    """One evaluation user: their list, best first, and the ids of their relevant items."""

    pool: Sequence[ScoredItem]
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """The first ten items of every user under some rules, with their metrics."""

    lists: Lists
    ndcg: Floats  # (users,)
    figures: SlateFigures


def preview(
    connection: Connection, rules: SlateRules, releases: ReleaseCache | None = None
) -> RulesPreview:
    """Return what the rules would change compared with the active rules.

    `releases` are those that the process has in memory; by default none.

    Raises:
        NoWindowListsError: no retrain has stored its window's lists yet.
        RequestRefusedError: `keep_if` is not a valid filter.
        NoReleaseError: there is a `keep_if`, and the data set has no release yet.
    """
    if rules.keep_if is not None:
        filtering.checked(connection, rules.keep_if, "body.keep_if")
    rows = connection.execute(_LISTS).all()
    if not rows:
        raise NoWindowListsError("No retrain has stored the lists of its window yet.")
    release_id = connection.scalar(_LIVE)
    listed = [*{item_id for row in rows for item_id in row.item_ids}]
    items = catalogue.read_items(connection, listed, release_id=None)  # as they were evaluated
    users = [WindowUser(_pool(row, items), frozenset(row.relevant)) for row in rows]
    n_listed = len({scored.item.item_id for user in users for scored in user.pool})
    n_items = max(connection.scalar(_N_ITEMS, {"release_id": release_id}) or 0, n_listed)

    @cache
    def read_columns() -> Columns:
        attributes = catalogue.read_attributes(connection, release_id)
        pinned = [pin.item_id for pin in (*rules.pin, *store.active(connection).rules.pin)]
        also = catalogue.read_items(connection, pinned, release_id=release_id) if pinned else {}
        return Columns([*(items | also).values()], attributes)

    active = store.slate(connection, release_id, read_columns)[1]
    without = try_out(active.without_rules, users, n_items)
    before = without if active.rules.is_plain else try_out(active, users, n_items)
    after = before
    if rules != active.rules:
        after = try_out(store.compiled(connection, rules, release_id, read_columns), users, n_items)
    change = after.ndcg - before.ndcg
    half_width = Z * float(change.std(ddof=1)) / len(change) ** 0.5 if len(change) > 1 else 0.0
    pairs = zip(before.lists, after.lists, strict=True)
    return RulesPreview(
        retrain_id=rows[0].retrain_id,
        recipe=rows[0].recipe,
        n_users=len(users),
        n_allowed=n_allowed(connection, rules, releases or ReleaseCache()),
        without=without.figures,
        before=before.figures,
        after=after.figures,
        ndcg_change=float(change.mean()),
        low=float(change.mean()) - half_width,
        high=float(change.mean()) + half_width,
        changed_share=sum(_ids(old) != _ids(new) for old, new in pairs) / len(users),
        exposure=tuple(exposures(before.lists, after.lists)),
    )


def n_allowed(connection: Connection, rules: SlateRules, releases: ReleaseCache) -> int | None:
    """Return how many items of the live release the rules allow on lists; None without one."""
    try:
        release, _ = releases.live(connection)
    except NoReleaseError:
        return None
    slate = store.compiled(connection, rules, release.release_id, lambda: release.columns)
    return len(release.catalogue.keys() - slate.barred)


def try_out(slate: Slate, users: Sequence[WindowUser], n_items: int) -> Trial:
    """Return every user's first ten items under the rules, and the metrics of these lists.

    Coverage and Gini refer to a catalogue of `n_items`; the diversity of one item is 0.
    """
    pools = ([s for s in user.pool if s.item.item_id not in slate.barred] for user in users)
    lists = [arranged(slate, pool, slate.pinned, LENGTH) for pool in pools]
    hits = np.zeros((len(users), LENGTH))
    for row, (user, shown) in enumerate(zip(users, lists, strict=True)):
        hits[row, : len(shown)] = [scored.item.item_id in user.relevant for scored in shown]
    n_relevant = np.array([len(user.relevant) for user in users])
    ndcg = metrics.ndcg(hits, n_relevant)
    counts = Counter(item_id for shown in lists for item_id in _ids(shown))
    exposure = np.zeros(max(n_items, len(counts)))
    exposure[: len(counts)] = list(counts.values())
    categories = (membership([scored.item.categories for scored in shown]) for shown in lists)
    figures = SlateFigures(
        ndcg=float(ndcg.mean()),
        recall=float(metrics.recall(hits, n_relevant).mean()),
        coverage=len(counts) / len(exposure),
        gini=metrics.gini(exposure),
        diversity=float(np.mean([metrics.diversity(matrix) or 0.0 for matrix in categories])),
    )
    return Trial(lists, ndcg, figures)


def exposures(before: Lists, after: Lists) -> list[Exposure]:
    """Return the shares of ranks that categories and vendors have, the most changed first."""
    old, new = _shares(before), _shares(after)
    changes = [
        Exposure(kind=kind, name=name, before=old[kind, name], after=new[kind, name])
        for kind, name in sorted(old.keys() | new.keys())
    ]
    changes.sort(key=lambda exposure: -abs(exposure.after - exposure.before))
    return changes[:MAX_EXPOSURES]


def _pool(row: Row[Any], items: Mapping[str, CatalogueItem]) -> list[ScoredItem]:
    pairs = zip(row.item_ids, row.scores, strict=True)
    return [ScoredItem(items[item_id], score) for item_id, score in pairs if item_id in items]


def _ids(shown: Sequence[ScoredItem]) -> list[str]:
    return [scored.item.item_id for scored in shown]


def _shares(lists: Lists) -> Mapping[tuple[Kind, str], float]:
    """Return the share of ranks by kind and name; an item counts in each of its categories."""
    items = [scored.item for shown in lists for scored in shown]
    names: list[tuple[Kind, str]] = [("vendor", i.vendor) for i in items if i.vendor is not None]
    names += [("category", name) for item in items for name in item.categories]
    shares = {name: count / len(items) for name, count in Counter(names).items()}
    return defaultdict(float, shares)
