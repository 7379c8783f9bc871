"""A shop whose release has factors, with four films and four operas.

"fan" rated two films, "lover" two operas. Feedback is written as the API stores it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import Engine, text

from serving.lists.recommendations import RecommendationList
from serving.publishing.publish import publish
from serving.schemas import Recommendations, Shelf, SimilarItems
from tests.support.serving import shop

OLD = "sex=F,age=old"  # a segment, with a fallback list of films
SCALE = {"relevant_from": 4.0}
CENTRED = SCALE | {
    "weighting": "centred",
    "p": 0.5,
    "shrinkage": 1.0,
    "epsilon": 1e-6,
    "global_mean": 3.0,
    "reg": 0.1,
    "alpha": 2.0,
}
EVENTS = {
    "relevant_from": 1.0,
    "has_scale": False,
    "weighting": "events",
    "kind_weights": {"purchase": 5.0, "view": 1.0},
    "saturation": "log1p",
    "unit": 2.0,
    "threshold": None,
    "reg": 0.1,
    "alpha": 2.0,
}
WITH_PRIORS = CENTRED | {
    "models": 1,
    "rank": 2,
    "columns": ["popularity", f"segment:{OLD}", "category:film"],
    "weights": {"popularity": 0.1, "demography": 5.0, "category": 0.2, "category_shrinkage": 1.0},
    "category_shares": {"film": 0.5},
}
NEIGHBOURS = SCALE | {"neighbours": 3}
SIMILAR = {"f1": {"f3": 0.5, "f2": 0.4}, "f2": {"f3": 0.25, "f4": 0.2}, "o1": {"o2": 0.3}}
KINDS = {"f": "film", "o": "opera", "c": "film"}
ITEMS = ("f1", "f2", "f3", "f4", "o1", "o2", "o3", "o4")
COLD = "c1"  # an item that the fit has not seen
PIN_COLD = [{"item_id": COLD, "rank": 2}]
LATER = shop.RATED_AT + timedelta(days=400)


def factors(item_id: str) -> list[float]:
    """Return an item's factors: films along one axis, operas along the other."""
    far = 1 - 0.1 * int(item_id[1])
    return [far, 0.1] if item_id[0] == "f" else [0.1, far]


def popularity(item_id: str) -> float:
    """Return an item's popularity: operas are more popular, and later ones most."""
    return int(item_id[1]) + (10.0 if item_id[0] == "o" else 0.0)


def with_priors(item_id: str) -> list[float]:
    """Return an item's columns of `WITH_PRIORS`: the segment `OLD` prefers the last opera."""
    film = float(item_id[0] == "f")
    return [*factors(item_id), popularity(item_id) / 10, float(item_id == "o4"), film]


def release(
    publisher: Engine,
    retrain_id: str = "one",
    *,
    constants: dict[str, Any] = CENTRED,
    instead_of: int | None = None,
    rows: Any = factors,
    sign: float = 1,
    similar: Mapping[str, Mapping[str, float]] | None = None,
    together: Mapping[str, Mapping[str, float]] | None = None,
    acts: Mapping[str, Mapping[tuple[str, str], float]] | None = None,
    outbox_until: int | None = None,
    users_until: int | None = None,
    about: Mapping[str, Any] = MappingProxyType({}),
    content: shop.Rows | None = None,
) -> int:
    """Publish the shop, and return the release's id; `sign` -1 negates the factors.

    `acts` has amounts of users' events by item and kind, in place of their ratings. `about` changes
    the description of the data set. `content` has the rows of `content_weights`.
    """
    learned = "weighting" in constants  # other recipes have no factors
    kept = {i: [sign * x for x in rows(i)] if learned else [] for i in ITEMS}
    tables = shop.tables(
        recommendations=_lists(fan=["f3", "f4"], lover=["o3"]),
        profiles=[
            _profile("fan", "", {"f1": 5.0, "f2": 4.0, "o1": 1.0}),
            _profile("lover", OLD, {"o1": 5.0, "o2": 4.0, "f1": 2.0}),
            _profile("grumbler", "", {"f1": 1.0}),
        ]
        if acts is None
        else [_acted_profile(user_id, of_user) for user_id, of_user in acts.items()],
        item_factors=[_item_factors(item_id, row) for item_id, row in kept.items()],
        similar_items=[_similar(*row) for row in (similar or {}).items()],
        taken_together=[_similar(*row) for row in (together or {}).items()],
        content_weights=content or [],
        fallback_lists=[_fallback_list("o4", "o3"), _fallback_list("f4", "f3", segment=OLD)],
        items=[_item(item_id) for item_id in (*ITEMS, COLD)],
    )
    tables = {name: batches for name, batches in tables.items() if batches}
    counts = {name: sum(b.num_rows for b in batches) for name, batches in tables.items()}
    fit = replace(
        shop.FIT,
        retrain_id=retrain_id,
        constants=constants,
        counts=counts,
        about=shop.ABOUT | {"highest": 5.0} | {**about},
        outbox_until=outbox_until,
        users_until=users_until,
    )
    return publish(publisher, fit, tables, actor="test", reason="A test.", instead_of=instead_of)


def rate(
    owner: Engine,
    user_id: str,
    item_id: str,
    rating: float | None,
    *,
    at: datetime = LATER,
    hidden: str | None = None,
) -> None:
    """Write a user's current feedback on an item."""
    rated = None if hidden and rating is None else at
    with owner.begin() as connection:
        connection.execute(
            text(
                "insert into feedback (user_id, item_id, rating, rated_at, hidden, hidden_at)"
                " values (:user_id, :item_id, :rating, :rated_at, :hidden, :hidden_at)"
            ),
            {
                "user_id": user_id,
                "item_id": item_id,
                "rating": rating,
                "rated_at": rated,
                "hidden": hidden,
                "hidden_at": at if hidden else None,
            },
        )


def hide(owner: Engine, user_id: str, item_id: str) -> None:
    """Hide an item from a user's lists."""
    rate(owner, user_id, item_id, None, hidden="hide")


def ids(answer: Recommendations | RecommendationList | Shelf | SimilarItems) -> list[str]:
    """Return the ids of the answer's items, in their order."""
    return [item.item_id for item in answer.items]


def matrix() -> np.ndarray:
    return np.array([factors(item_id) for item_id in ITEMS])


def _item_factors(item_id: str, row: list[float]) -> dict[str, Any]:
    trending = 1.5 if item_id == "f2" else 0.5 * (item_id == "o1")
    return {
        "item_id": item_id,
        "factors": row,
        "popularity": popularity(item_id),
        "trending": trending,
    }


def _lists(**lists: list[str]) -> shop.Rows:
    return [
        {"user_id": user_id, "item_ids": items, "scores": [1 / n for n in range(1, len(items) + 1)]}
        for user_id, items in lists.items()
    ]


def _similar(item_id: str, weights: Mapping[str, float]) -> dict[str, Any]:
    return {"item_id": item_id, "item_ids": [*weights], "scores": [*weights.values()]}


def _fallback_list(*item_ids: str, segment: str = "") -> dict[str, Any]:
    scores = [popularity(item_id) for item_id in item_ids]
    return {"segment": segment, "item_ids": list(item_ids), "scores": scores}


def _profile(user_id: str, segment: str, rated: dict[str, float]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "segment": segment,
        "item_ids": list(rated),
        "ratings": list(rated.values()),
        "rated_at": [shop.RATED_AT] * len(rated),
    }


def _acted_profile(user_id: str, acts: Mapping[tuple[str, str], float]) -> dict[str, Any]:
    """Return the profile of a user without ratings: purchases are positive."""
    items = {item_id: 0.0 for item_id, _ in acts}
    items |= {item_id: 1.0 for item_id, kind in acts if kind == "purchase"}
    return _profile(user_id, "", items) | {
        "acted_ids": [item_id for item_id, _ in acts],
        "acted_kinds": [kind for _, kind in acts],
        "amounts": list(acts.values()),
        "acted_at": [shop.RATED_AT] * len(acts),
    }


def _item(item_id: str) -> dict[str, Any]:
    kind = KINDS[item_id[0]]
    return {
        "item_id": item_id,
        "title": f"{kind.title()} {item_id[1]}",
        "categories": [kind],
        "vendor": f"{kind} house",
        "released": 2000 + int(item_id[1]),
    }
