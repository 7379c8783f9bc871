"""A shop with more items than a list, whose precomputed lists follow from its factors.

"p" rated three items. Items have two of five categories and one of nine vendors.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Engine

from serving.lists import scoring, user_state
from serving.lists.releases.cache import ReleaseCache
from serving.publishing.publish import publish
from tests.support.serving import live_shop, shop

N, LENGTH = 160, 100
# The release does not know these items: a rating of one has no effect.
UNLIKED, NEW = "cold", "new"
RATED = {"0": 5.0, "7": 4.0, "9": 1.0}
POPULAR = [f"{n}" for n in range(N)]  # most popular first
# Slate rules that change its lists, by name.
RULES: dict[str, dict[str, Any]] = {
    "none": {},
    "hidden": {"hide": ["3", "11", "40"]},
    "boosts": {"boost": [{"category": "kind 1", "by": 0.3}, {"category": "age 0", "by": -0.1}]},
    "caps": {"most_per_category": 4, "most_per_vendor": 1},
    "diverse": {"diversity": 0.4},
    "pins": {"pin": [{"item_id": "50", "rank": 3}, {"item_id": "new", "rank": 12}]},
    "kept": {"keep_if": "not (category in ('kind 1') and vendor != 'maker 1')"},
    "stock": {"only_available": True, "diversity": 0.2},
    "all": {
        "hide": ["3", "11", "40"],
        "keep_if": "vendor != 'maker 7'",
        "pin": [{"item_id": "50", "rank": 3}, {"item_id": "120", "rank": 12}],
        "boost": [{"category": "kind 1", "by": 0.3}],
        "most_per_category": 6,
        "most_per_vendor": 2,
        "only_available": True,
        "diversity": 0.2,
    },
}


def release(publisher: Engine, retrain_id: str = "one") -> None:
    """Publish it twice: the first release has the factors from which the list is computed."""
    first = _publish(publisher, f"{retrain_id} before", [], None)
    with shop.reading(publisher) as connection:
        loaded = ReleaseCache().release(connection, first, 0)
    micros = int(shop.RATED_AT.timestamp() * 1e6)
    rated = {item_id: (rating, micros) for item_id, rating in RATED.items()}
    state = replace(user_state.of_anonymous_user(rated), is_known=True)
    scores = scoring.score(loaded, state, state.seen(loaded))
    best = loaded.scored(*scores.best(scores.excluded, LENGTH))
    listed = {"user_id": "p", "item_ids": [scored.item.item_id for scored in best]}
    _publish(publisher, retrain_id, [listed | {"scores": [scored.score for scored in best]}], first)


def _publish(publisher: Engine, retrain_id: str, lists: shop.Rows, instead_of: int | None) -> int:
    random = np.random.default_rng(3)
    factors = random.normal(0, 0.3, (N, 4)).astype(np.float32)
    rows = {
        "recommendations": lists,
        "profiles": [
            {
                "user_id": "p",
                "segment": "",
                "item_ids": [*RATED],
                "ratings": [*RATED.values()],
                "rated_at": [shop.RATED_AT] * len(RATED),
            }
        ],
        "item_factors": [
            {"item_id": str(n), "factors": row.tolist(), "popularity": float(N - n), "trending": 1}
            for n, row in enumerate(factors)
        ],
        "similar_items": [],
        "taken_together": [],
        "fallback_lists": [
            {"segment": "", "item_ids": POPULAR[:LENGTH], "scores": [*range(N, N - LENGTH, -1)]}
        ],
        "items": [_item(str(n), n) for n in range(N)] + [_item(UNLIKED, 1), _item(NEW, 2)],
    }
    tables = {name: batches for name, batches in shop.tables(**rows).items() if batches}
    fit = replace(
        shop.FIT,
        retrain_id=retrain_id,
        constants=live_shop.CENTRED,
        counts={},
        about=shop.ABOUT | {"highest": 5.0},
    )
    return publish(publisher, fit, tables, actor="test", reason="A test.", instead_of=instead_of)


def _item(item_id: str, n: int) -> dict[str, object]:
    return {
        "item_id": item_id,
        "title": f"Thing {item_id}",
        "categories": [f"kind {n % 3}", f"age {n % 2}"],
        "vendor": f"maker {n % 9}",
        "released": 2000,
    }
