"""Items that the product creates or changes after the fit have factors from their content."""

import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from serving.catalogue_changes import changes
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases import loading as release_loading
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import ItemContent
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import ids, rate

FILM = ItemContent(title="Film 9", categories=("film",))
OPERA = ItemContent(title="Opera 9", categories=("opera",))


def weights(feature: str, kind: str, *values: float) -> dict[str, object]:
    row = {"kind": kind, "feature": feature, "centre": 0.0, "deviation": 1.0}
    return row | {"weights": list(values)}


CONTENT = [
    weights("", "mean", 0.5, 0.5),
    weights("category:film", "flag", 0.4, -0.4),
    weights("category:opera", "flag", -0.4, 0.4),
]


def put(owner: Engine, item_id: str, content: ItemContent | None) -> None:
    with owner.begin() as connection:
        changes.apply(connection, changes.Change(item_id, content), sent_by="test")


def listed(connection: Connection, cache: ReleaseCache, user_id: str = "fan") -> list[str]:
    return ids(recommendations.for_user(connection, cache, user_id, ListRequest()))


def similar(connection: Connection, cache: ReleaseCache, item_id: str) -> list[str]:
    return ids(recommendations.similar_to(connection, cache, item_id, limit=4))


def test_a_created_item_is_ranked_and_has_similar_items_in_every_process(
    publisher: Engine, owner: Engine
) -> None:
    live_shop.release(publisher, content=CONTENT)
    rate(owner, "fan", "f3", 5.0)
    caches = [ReleaseCache(), ReleaseCache()]
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        before = [listed(connection, cache) for cache in caches[:1]]
        put(owner, "f9", FILM)  # the first process changes its copy, the second reads all
        after = [listed(connection, cache) for cache in caches]
        near = [similar(connection, cache, "f9") for cache in caches]
        put(owner, "f9", OPERA)
        changed = [similar(connection, cache, "f9") for cache in caches]
        put(owner, "f9", None)
        removed = [listed(connection, cache) for cache in caches]

    assert "f9" not in before[0]
    assert after[0] == after[1]
    assert after[0].index("f9") < after[0].index("o2")
    assert near[0] == near[1]
    assert all(item_id[0] in "fc" for item_id in near[0])
    assert changed[0] == changed[1]
    assert all(item_id[0] == "o" for item_id in changed[0])
    assert removed == [before[0]] * 2


def test_items_that_were_learned_keep_their_factors(publisher: Engine, owner: Engine) -> None:
    release_id = live_shop.release(publisher, content=CONTENT)
    cache = ReleaseCache()
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        before, _ = cache.live(connection)
        put(owner, "f1", OPERA)
        put(owner, "a9", FILM)  # by id before all others
        after, _ = cache.live(connection)
        loaded = release_loading.load(connection, release_id)

    assert after.ids == loaded.ids == ("a9", live_shop.COLD, *live_shop.ITEMS)
    np.testing.assert_array_equal(after.rows, loaded.rows)
    np.testing.assert_array_equal(after.popularity, loaded.popularity)
    np.testing.assert_array_equal(after.rows[2:], live_shop.matrix().astype(np.float32))
    assert after.rows[0] == pytest.approx([0.9, 0.1])
    assert before.ids == (live_shop.COLD, *live_shop.ITEMS)
    assert after.computed == {"a9", live_shop.COLD}


def test_created_items_do_not_change_how_users_are_folded_in(
    publisher: Engine, owner: Engine
) -> None:
    live_shop.release(publisher, content=CONTENT)
    rate(owner, "fan", "f3", 5.0)
    request, cache = ListRequest(), ReleaseCache()
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        before = recommendations.for_user(connection, cache, "fan", request)
        for n in range(10, 20):
            put(owner, f"o{n}", OPERA)
        after = recommendations.for_user(connection, cache, "fan", request)

    scores = {item.item_id: item.score for item in after.items}
    assert {item.item_id: scores[item.item_id] for item in before.items} == {
        item.item_id: pytest.approx(item.score) for item in before.items
    }


def test_without_a_map_a_created_item_is_on_no_list_and_has_no_similar_items(
    publisher: Engine, owner: Engine
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    put(owner, "f9", FILM)

    with shop.reading(publisher) as connection:
        cache = ReleaseCache()
        assert "f9" not in listed(connection, cache)
        assert similar(connection, cache, "f9") == []
