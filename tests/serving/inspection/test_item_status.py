"""Why an item is on a user's list, or why not, as an operator reads it."""

import pytest
from sqlalchemy import Engine

from serving.inspection import item_status, lists
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import ItemForUser
from tests.support.serving import live_shop, shop, wide_shop
from tests.support.serving.live_shop import COLD, PIN_COLD, hide, rate
from tests.support.serving.rules import activate_rules, out_of_stock


def for_user(api: Engine, user_id: str, item_id: str, limit: int = 20) -> ItemForUser:
    with api.connect() as connection:
        of_user = lists.read(connection, ReleaseCache(), user_id)
        return item_status.for_user(connection, of_user, user_id, item_id, limit)


@pytest.mark.usefixtures("released")
def test_an_item_has_its_status(owner: Engine, api: Engine) -> None:
    hide(owner, "fan", "o2")
    out_of_stock(api, "o3")
    cold = for_user(api, "fan", COLD)
    assert (cold.status, cold.rank, cold.score) == ("cold", None, None)
    assert cold.text == "no ratings or events when the model was trained"
    activate_rules(api, hide=["f4"], pin=PIN_COLD, only_available=True)

    for user_id, item_id, expected, text in (
        ("fan", "f4", "ruled_out", "hidden by a rule, for all users"),
        ("fan", "o3", "ruled_out", "unavailable, and a rule lists available items only"),
        ("fan", "f1", "rated", "they rated it 5 stars on 2026-01-05"),
        ("fan", "o2", "hidden", "they hid it"),
        ("fan", COLD, "listed", "#2 on their list"),
        ("nobody", "o4", "listed", "#1 on their list"),
        ("nobody", "x9", "unknown", "not in the catalogue"),
    ):
        result = for_user(api, user_id, item_id)
        assert (result.status, result.text) == (expected, text)
        assert (result.item is None) == (expected == "unknown")
        assert (result.rank is None) == (expected == "unknown")
        assert (result.score is None) == (item_id in {"x9", COLD})


@pytest.mark.usefixtures("released")
def test_an_item_that_the_filter_of_the_rules_leaves_out_says_which(api: Engine) -> None:
    activate_rules(api, keep_if="released != 2003 or category != 'film'")

    result = for_user(api, "nobody", "f3")

    text = "does not meet the rule “released != 2003 or category != 'film'”"
    assert (result.status, result.text) == ("ruled_out", text)


@pytest.mark.usefixtures("released")
def test_an_item_that_cannot_be_listed_has_the_rank_of_its_score(
    owner: Engine, api: Engine
) -> None:
    before = for_user(api, "lover", "o4")
    assert before.status == "listed"
    hide(owner, "lover", "o4")

    after = for_user(api, "lover", "o4")

    assert after.status == "hidden"
    assert (after.rank, after.score) == (before.rank_by_score, before.score)
    assert sum(term.value for term in after.terms) == pytest.approx(after.score, abs=1e-5)


@pytest.mark.usefixtures("wide")
def test_an_item_after_the_list_is_below_or_capped(api: Engine) -> None:
    tenth = next(n for n in wide_shop.POPULAR if for_user(api, "q", n).rank == 10)
    assert for_user(api, "q", tenth, limit=10).status == "listed"
    below = for_user(api, "q", tenth, limit=9)
    assert (below.status, below.text, below.rank) == ("below", "#10, after the first 9", 10)

    results = [for_user(api, "q", n, limit=100) for n in wide_shop.POPULAR]
    after = [result for result in results if result.status == "below"]
    assert sorted(result.rank or 0 for result in after) == [*range(101, wide_shop.N)]
    assert {result.text for result in after} == {"after the first 100"}

    activate_rules(api, most_per_vendor=1)
    capped = next(
        result
        for n in wide_shop.POPULAR
        if (result := for_user(api, "q", n, limit=9)).status == "capped"
    )
    assert capped.rank_before_rules is not None
    assert capped.rank_before_rules <= 9
    assert capped.text == (
        "at most 1 per vendor in any 10 ranks: without this rule it would be "
        f"#{capped.rank_before_rules}"
    )
    [effect] = capped.effects
    assert effect.rule == "most_per_vendor"


def test_a_withdrawn_item_is_named_with_the_release_that_lacks_it(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    first = live_shop.release(publisher)
    second = shop.snapshot(publisher, "two", instead_of=first)
    rate(owner, "u", "f1", 5.0)

    result = for_user(api, "u", "f1")

    assert result.status == "withdrawn"
    assert result.text.startswith(f"withdrawn from release {second} on")
    assert result.item is not None
    assert result.item.title == "Film 1"
