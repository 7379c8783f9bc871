"""What slate rules would change: tried on the lists of the last retrain's window.

Its people later showed what they wanted, so rules can be judged as models are: NDCG and recall of
ten, over people whom the fit knew. Each person's list is arranged three times: without rules, under
those that hold, under those in question. Who had rated a pinned item before is shown it all the
same: the window's lists do not say what their people had seen.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from serving.errors import NoWindowListsError
from serving.rules import store
from serving.rules.slate import Fields, Floats, Slate, alike, arranged, belongings, vendor_of
from serving.schemas import Exposure, RulesPreview, SlateFigures, SlateRules

LENGTH = 10
MOST_SHOWN = 20  # lines of exposure
Z = 1.96  # of a 95 % interval

_LISTS = text("select * from window_lists order by user_id")
_ITEMS = text(
    """
    select item_id, title, categories, vendor, released from items
    where item_id in (select unnest(item_ids) from window_lists)
    """
)
_N_ITEMS = text(
    "select count(*) from item_factors where release_id = (select release_id from live_release)"
)
_DISCOUNT = 1 / np.log2(np.arange(2, LENGTH + 2))


@dataclass(frozen=True)
class Judged:
    """One person of the window. `pool` is his list there, best first."""

    pool: Sequence[Fields]
    relevant: frozenset[str]


@dataclass(frozen=True)
class Tried:
    """Everybody's first ten under some rules, and each one's NDCG."""

    lists: Sequence[Sequence[Fields]]
    ndcg: Floats  # (people,)
    figures: SlateFigures


def preview(connection: Connection, asked: SlateRules) -> RulesPreview:
    """Return what the rules would change beside those that hold.

    Raises:
        NoWindowListsError: no retrain has left its window's lists yet.
    """
    rows = connection.execute(_LISTS).mappings().all()
    if not rows:
        raise NoWindowListsError("No retrain has left its window's lists yet.")
    items = {row["item_id"]: dict(row) for row in connection.execute(_ITEMS).mappings()}
    people = [_judged(dict(row), items) for row in rows]
    n_items = max(connection.scalar(_N_ITEMS) or 0, len(items))
    held = store.slate(connection)[1]
    without = try_out(Slate(), people, n_items)
    before = without if held.rules.is_plain else try_out(held, people, n_items)
    after = before
    if asked != held.rules:
        after = try_out(store.compiled(connection, asked), people, n_items)
    change = after.ndcg - before.ndcg
    half = Z * float(change.std(ddof=1)) / len(change) ** 0.5 if len(change) > 1 else 0.0
    pairs = zip(before.lists, after.lists, strict=True)
    return RulesPreview(
        retrain_id=rows[0]["retrain_id"],
        recipe=rows[0]["recipe"],
        n_users=len(people),
        without=without.figures,
        before=before.figures,
        after=after.figures,
        ndcg_change=float(change.mean()),
        low=float(change.mean()) - half,
        high=float(change.mean()) + half,
        changed_share=sum(_ids(old) != _ids(new) for old, new in pairs) / len(people),
        exposure=tuple(exposures(before.lists, after.lists)),
    )


def try_out(slate: Slate, people: Sequence[Judged], n_items: int) -> Tried:
    """Return everybody's ten under the rules, and how they do in a catalogue of `n_items`."""
    lists = [_ten(slate, one) for one in people]
    hits = np.zeros((len(people), LENGTH))
    for at, (one, ten) in enumerate(zip(people, lists, strict=True)):
        hits[at, : len(ten)] = [item["item_id"] in one.relevant for item in ten]
    reachable = np.array([min(len(one.relevant), LENGTH) for one in people])
    ndcg = hits @ _DISCOUNT / np.cumsum(_DISCOUNT)[reachable - 1]
    shown = Counter(item["item_id"] for ten in lists for item in ten)
    exposure = np.zeros(max(n_items, len(shown)))
    exposure[: len(shown)] = list(shown.values())
    figures = SlateFigures(
        ndcg=float(ndcg.mean()),
        recall=float((hits.sum(axis=1) / reachable).mean()),
        coverage=len(shown) / len(exposure),
        gini=gini(exposure),
        diversity=float(np.mean([diversity(ten) for ten in lists])),
    )
    return Tried(lists, ndcg, figures)


def exposures(
    before: Sequence[Sequence[Fields]], after: Sequence[Sequence[Fields]]
) -> list[Exposure]:
    """Return the shares of all places that categories and vendors have; most changed first."""
    kinds: tuple[Literal["category", "vendor"], ...] = ("category", "vendor")
    found = [
        Exposure(kind=kind, name=name, before=old.get(name, 0.0), after=new.get(name, 0.0))
        for kind in kinds
        for old, new in [(_shares(before, kind), _shares(after, kind))]
        for name in sorted(old.keys() | new.keys())
    ]
    return sorted(found, key=lambda one: -abs(one.after - one.before))[:MOST_SHOWN]


def gini(exposure: NDArray[np.float64]) -> float:
    """Return the Gini coefficient of non-negative numbers; nought where all are nought."""
    rising, n = np.sort(exposure), len(exposure)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float((weights * rising).sum() / max(n * rising.sum(), 1))


def diversity(ten: Sequence[Fields]) -> float:
    """Return 1 minus the mean cosine of the categories of two of these; nought for fewer."""
    if len(ten) <= 1:
        return 0.0
    cosines = alike(belongings([item["categories"] for item in ten]))
    return 1 - float(cosines[np.triu_indices(len(ten), 1)].mean())


def _judged(row: Mapping[str, Any], items: Mapping[str, Fields]) -> Judged:
    scored = zip(row["item_ids"], row["scores"], strict=True)
    pool = [items[item_id] | {"score": score} for item_id, score in scored if item_id in items]
    return Judged(pool, frozenset(row["relevant"]))


def _ten(slate: Slate, one: Judged) -> list[Fields]:
    pool = [item for item in one.pool if item["item_id"] not in slate.barred]
    return arranged(slate, pool, slate.pinned, LENGTH)


def _ids(ten: Sequence[Fields]) -> list[str]:
    return [item["item_id"] for item in ten]


def _shares(
    lists: Sequence[Sequence[Fields]], kind: Literal["category", "vendor"]
) -> dict[str, float]:
    """Return by name the share of all places; an item counts in each of its categories."""
    n_places = max(sum(len(ten) for ten in lists), 1)
    counts = Counter(name for ten in lists for item in ten for name in _names(item, kind))
    return {name: count / n_places for name, count in counts.items()}


def _names(item: Fields, kind: Literal["category", "vendor"]) -> Sequence[str]:
    return tuple(item["categories"]) if kind == "category" else vendor_of(item)
