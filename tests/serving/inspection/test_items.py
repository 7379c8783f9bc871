"""Who gets an item, or why nobody does."""

from typing import Any

import pytest
from sqlalchemy import Engine

from serving.errors import UnknownItemError
from serving.inspection import items
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import ItemInspection
from tests.support.serving import shop
from tests.support.serving.live_shop import COLD
from tests.support.serving.rules import activate_rules, out_of_stock


def inspected(api: Engine, item_id: str, *, with_users: bool = True) -> ItemInspection:
    with api.connect() as connection:
        return items.inspect(connection, ReleaseCache(), item_id, with_users=with_users)


@pytest.mark.usefixtures("released")
def test_an_item_has_its_lists_ranks_raters_and_popularity(api: Engine) -> None:
    result = inspected(api, "f4")  # second on the list of "fan"; "lover" and "fan" have lists

    assert result.item.title == "Film 4"
    assert (result.lists.n, result.lists.n_examined, result.lists.n_total) == (1, 2, 2)
    assert (result.best_rank, result.median_rank) == (2, 2)
    assert [(band.first, band.last, band.n) for band in result.ranks[:2]] == [
        (1, 10, 1),
        (11, 20, 0),
    ]
    assert [(holder.user_id, holder.rank) for holder in result.best_ranked] == [("fan", 2)]
    assert result.causes == ()
    assert result.effects == ()
    assert (result.popularity, result.popularity_rank, result.n_ranked) == (4.0, 5, 8)
    assert inspected(api, "o1").raters.n == 2
    assert inspected(api, "o4").popularity_rank == 1
    assert inspected(api, "f4", with_users=False).best_ranked == ()


@pytest.mark.usefixtures("released")
def test_an_item_that_nobody_gets_has_its_causes(api: Engine) -> None:
    out_of_stock(api, "o1")
    cases: tuple[tuple[dict[str, Any], str, list[str], list[str]], ...] = (
        ({}, "o1", ["below"], []),
        ({}, COLD, ["never_rated"], []),
        ({"pin": [{"item_id": COLD, "rank": 2}]}, COLD, [], ["pin"]),
        ({"hide": ["f4"]}, "f4", ["hidden"], ["hide"]),
        (
            {"hide": ["o1"], "only_available": True},
            "o1",
            ["hidden", "unavailable"],
            ["hide", "only_available"],
        ),
        ({"boost": [{"category": "film", "by": -0.2}]}, "f4", [], ["boost"]),
        ({"keep_if": "category == 'opera'"}, "f4", ["kept_out"], ["keep_if"]),
    )
    for rules, item_id, obstacles, effects in cases:
        activate_rules(api, **rules)

        result = inspected(api, item_id)

        assert [cause.obstacle for cause in result.causes] == obstacles
        assert [effect.rule for effect in result.effects] == effects


def test_a_withdrawn_item_says_so_and_an_unknown_one_is_an_error(
    publisher: Engine, api: Engine
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    kept = {name: title for name, title in shop.TITLES.items() if name != "b"}
    shop.snapshot(
        publisher,
        "two",
        instead_of=first,
        items=shop.items(**kept),
        recommendations=shop.lists_of("user_id", u="a", v="c"),
        similar_items=shop.lists_of("item_id", a="c"),
        taken_together=shop.lists_of("item_id", a="c"),
        fallback_lists=shop.lists_of("segment", everybody="dc"),
    )

    result = inspected(api, "b")

    assert [cause.obstacle for cause in result.causes] == ["withdrawn"]
    assert result.item.title == "Schindler's List"
    with pytest.raises(UnknownItemError, match="no item 'x'"):
        inspected(api, "x")


@pytest.mark.usefixtures("released")
def test_of_a_large_release_only_a_sample_is_read(
    api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "MAX_EXAMINED", 1)

    result = inspected(api, "f4")

    assert result.lists.n_total == 2
    assert result.lists.n_examined <= 1
    assert result.raters.n_examined <= 1
