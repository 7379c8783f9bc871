"""A release after changes of items is what a process would read anew."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from serving.filters import filtering
from serving.lists.releases import loading as release_loading
from serving.lists.releases.loaded import LoadedRelease
from tests.support.serving import live_shop, shop

SEED = 7
FILTERS = (
    "category == 'Drama'", "category != 'Crime'", "vendor == 'Acme'", "released >= 1995",
    "price < 5", "brand == 'x'", "since >= '2026-01-02'", "tags in ('new', 'old')",
)  # fmt: skip
_ABOUT = text(
    """
    update about set categories = array['Drama', 'Crime', 'War'],
        attributes = '{"price": "number", "brand": "text", "since": "time", "tags": "list"}'
    """
)
_CHANGE = text(
    """
    update items set title = :title, categories = :categories, vendor = :vendor,
        released = :released, attributes = cast(:attributes as jsonb),
        revision = (select revision from slate)
    where item_id = :item_id
    """
)
_CREATE = text(
    """
    insert into items (item_id, title, categories, search, attributes, revision)
    values (:item_id, 'E', '{Drama}', '', '{"price": 4, "tags": ["new"]}',
        (select revision from slate))
    """
)
# With these rows, created items have factors, and so positions
CONTENT = [
    {"kind": kind, "feature": name, "centre": 0.0, "deviation": 1.0, "weights": [0.5, weight]}
    for kind, name, weight in (("mean", "", 0.5), ("flag", "category:Drama", -0.4))
]


def create(connection: Connection, item_id: str) -> None:
    connection.execute(_CREATE, {"item_id": item_id})


def change(owner: Engine, rng: random.Random, item_ids: Sequence[str]) -> int:
    """Change some items at random, and perhaps create some; return the revision of `slate`."""
    with owner.begin() as connection:
        connection.execute(text("update slate set revision = revision + 1"))
        for item_id in rng.sample(item_ids, rng.randint(0, 2)):
            attributes: dict[str, Any] = {
                "price": rng.choice([1, 4.5, 9]), "brand": rng.choice(["x", "y"]),
                "since": f"2026-01-0{rng.randint(1, 3)}",
                "tags": rng.sample(["new", "old", "odd"], 2),
            }  # fmt: skip
            kept = rng.sample([*attributes], rng.randint(0, 4))
            row = {
                "item_id": item_id,
                "title": f"Title {rng.random()}",
                "categories": rng.sample(["Drama", "Crime", "War"], rng.randint(0, 3)),
                "vendor": rng.choice([None, "Acme", "Sarn"]),
                "released": rng.choice([None, 1990, 2000]),
                "attributes": json.dumps({name: attributes[name] for name in kept}),
            }
            connection.execute(_CHANGE, row)
        for _ in range(rng.choice([0, 0, 1, 2])):
            create(connection, f"e{rng.randrange(10**6)}")
        return int(connection.scalar(text("select revision from slate")) or 0)


def derived(release: LoadedRelease, filters: list[filtering.Filter]) -> dict[str, Any]:
    """Return all that a release derives from its items."""
    by_category = {name: at for name, at in release.by_category.items() if at}
    catalogue = sorted(release.catalogue.items())
    return {
        "items": release.items,
        "positions": release.positions,
        "by_category": by_category,
        "by_vendor": release.by_vendor,
        "years": release.years.tolist().__repr__(),
        "log_popularity": release.log_popularity.tolist(),
        "unit_factors": release.unit_factors.tolist(),
        "passing": [
            [i for i, item in catalogue if release.passes(bound, item)] for bound in filters
        ],
        "by_row": [release.columns.items[row] for row in release.column_rows[: len(release.ids)]],
        "outside": [release.outside_filter(bound).tolist() for bound in filters],
    }


@pytest.mark.parametrize("content", [None, CONTENT])
def test_what_is_taken_over_is_what_would_be_derived_anew(
    publisher: Engine, owner: Engine, content: shop.Rows | None
) -> None:
    release_id = live_shop.release(publisher, content=content)
    with owner.begin() as connection:
        connection.execute(_ABOUT)
    rng = random.Random(SEED)  # noqa: S311 # of a test
    with shop.reading(owner) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        filters = [filtering.bind(connection, sent) for sent in FILTERS]
        release = release_loading.load(connection, release_id)
        for _ in range(30):
            derived(release, filters)
            revision = change(owner, rng, [*live_shop.ITEMS, live_shop.COLD])

            release = release_loading.refreshed(connection, release, revision)

            assert "columns" in release.__dict__  # taken over
            anew = release_loading.load(connection, release_id)
            assert derived(release, filters) == derived(anew, filters)
            assert release.attributes.keys() >= anew.attributes.keys()
