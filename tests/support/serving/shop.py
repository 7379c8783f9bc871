"""A small shop to publish: users "u" and "v", items "a" to "d", and their lists."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.recommendations import RecommendationList
from serving.lists.releases.cache import ReleaseCache
from serving.publishing.publish import Candidate, publish
from serving.schemas import ItemPage, Recommendations, Shelf, SimilarItems
from serving.storage import database
from serving.tables import Activation
from tests.conftest import schema_of
from tests.support.serving.server import as_role

RATED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def kind(**changed: Any) -> dict[str, Any]:
    """Return what events of a kind mean."""
    meaning = {
        "weight": 1.0, "value": "count", "positive_from": None, "repeatable": True, "past": "",
    }  # fmt: skip
    return meaning | changed


ABOUT: dict[str, Any] = {
    "dataset": "shop",
    "title": "Shop",
    "item_noun": "product",
    "licence": "Ours.",
    "lowest": 1.0,
    "highest": 10.0,
    "step": 1.0,
    "kinds": {
        "listen": kind(value="share"),
        "purchase": kind(weight=5, positive_from=0, repeatable=False, past="bought"),
        "view": kind(past="viewed"),
    },
    "attributes": {"price": "number", "brand": "text", "since": "time", "tags": "list"},
    "display": {"price": "price", "currency": "EUR", "stock": None, "picture": None},
    "user_attributes": ["sex", "age"],
}
TITLES = {"a": "Amélie", "b": "Schindler's List", "c": "Face/Off", "d": "2001: A Space Odyssey"}
FIT = Candidate(
    retrain_id="shop__retrain/one",
    verdict="first",
    recipe="als_32",
    recipe_json={"name": "als_32", "rank": 32},
    constants={"global_mean": 7.5},
    about=ABOUT,
    counts={"recommendations": 2, "profiles": 2, "items": 4, "fallback_lists": 1},
)

Rows = list[dict[str, Any]]
Tables = Mapping[str, list[pa.RecordBatch]]


def lists_of(key: str, **lists: str) -> Rows:
    """Return rows of lists: `lists_of("user_id", u="ab")` lists items a and b for u."""
    return [
        {
            key: name if name != "everybody" else "",
            "item_ids": list(items),
            "scores": [1 / rank for rank in range(1, len(items) + 1)],
        }
        for name, items in lists.items()
    ]


def items(**titles: str) -> Rows:
    return [
        {
            "item_id": item_id,
            "title": title,
            "categories": ["Drama", item_id],
            "vendor": None,
            "released": 1990 + n,
        }
        for n, (item_id, title) in enumerate(titles.items())
    ]


def profiles(**rated: str) -> Rows:
    return [
        {
            "user_id": user_id,
            "segment": "",
            "item_ids": list(item_ids),
            "ratings": [float(n) for n in range(1, len(item_ids) + 1)],
            "rated_at": [RATED_AT] * len(item_ids),
        }
        for user_id, item_ids in rated.items()
    ]


def tables(**changed: Rows) -> Tables:
    """Return the shop's tables as record batches; a keyword replaces the rows of a table."""
    rows = {
        "recommendations": lists_of("user_id", u="ab", v="c"),
        "profiles": profiles(u="cd", v="a"),
        "item_factors": [
            {"item_id": "a", "factors": [0.5, -0.25], "popularity": 0.5, "trending": 2.0}
        ],
        "similar_items": lists_of("item_id", a="bc"),
        "taken_together": lists_of("item_id", a="bc", d="c"),
        "fallback_lists": lists_of("segment", everybody="dcb"),
        "items": items(**TITLES),
    }
    rows |= changed
    return {name: pa.Table.from_pylist(of_table).to_batches() for name, of_table in rows.items()}


def release(engine: Engine, retrain_id: str, *, instead_of: int | None, **changed: Rows) -> int:
    """Publish the shop with some tables changed, and return the release's id."""
    return _publish(engine, replace(FIT, retrain_id=retrain_id), instead_of, changed)


def snapshot(engine: Engine, retrain_id: str, *, instead_of: int | None, **changed: Rows) -> int:
    """Publish the shop as `release` does, and withdraw the items that it lacks."""
    fit = replace(FIT, retrain_id=retrain_id, withdraws=True)
    return _publish(engine, fit, instead_of, changed)


def _publish(
    engine: Engine, fit: Candidate, instead_of: int | None, changed: Mapping[str, Rows]
) -> int:
    batches = tables(**changed)
    counts = {name: sum(b.num_rows for b in of_table) for name, of_table in batches.items()}
    actor = f"{fit.retrain_id}/publish"
    fit = replace(fit, counts=counts)
    return publish(engine, fit, batches, actor=actor, reason="A test.", instead_of=instead_of)


def slowly(batches: list[pa.RecordBatch], meanwhile: Any) -> Iterator[pa.RecordBatch]:
    """Yield the batches, and call `meanwhile` once after the first one: in the middle of COPY."""
    for n, batch in enumerate(batches):
        yield batch
        if n == 0:
            meanwhile()


def seen(engine: Engine, user_id: str = "u") -> RecommendationList:
    with reading(engine) as connection:
        return recommendations.for_user(connection, ReleaseCache(), user_id, ListRequest(limit=100))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection to the engine's schema as role `api`, the only one that reads feedback."""
    url = engine.url.render_as_string(hide_password=False)
    reader = database.connect(as_role(url, "api"), schema_of(engine))
    with reader.connect() as connection:
        yield connection
    reader.dispose()


def ids(answer: Recommendations | RecommendationList | SimilarItems | ItemPage | Shelf) -> str:
    return "".join(item.item_id for item in answer.items)


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def activations(session: Session) -> list[Activation]:
    """Return all actions on the live release, newest first."""
    return list(session.scalars(select(Activation).order_by(Activation.activation_id.desc())))
