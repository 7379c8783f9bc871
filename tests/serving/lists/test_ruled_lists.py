"""Effects of slate rules on lists, through the API and its client.

The API is one process with one cache for all tests: each change must show on the next read.
"""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.schemas import Recommendations
from tests.support.serving import wide_shop
from tests.support.serving.live_shop import ids, rate
from tests.support.serving.rules import activate_rules, in_stock, out_of_stock
from tests.support.serving.wide_shop import RULES, UNLIKED


def of_each_kind(client: Client, limit: int = 20) -> dict[str, Recommendations]:
    """Return a precomputed list, one computed online, a fallback and one of an anonymous user."""
    answers = {
        "batch": client.recommendations("p", limit=limit),
        "live": client.recommendations("q", limit=limit),
        "fallback": client.recommendations("nobody", limit=limit),
        "anonymous": client.for_anonymous_user({"8": 5.0}, limit=limit),
    }
    assert [answer.kind for answer in answers.values()] == ["batch", "live", "fallback", "live"]
    return answers


@pytest.mark.usefixtures("wide")
def test_every_kind_of_list_follows_new_rules_on_the_next_read(api: Engine, client: Client) -> None:
    before = of_each_kind(client, limit=30)
    best = {answer.items[0].item_id for answer in before.values()}

    activate_rules(api, hide=sorted(best))
    without = of_each_kind(client)
    activate_rules(api)
    after = of_each_kind(client, limit=30)

    for kind, answer in without.items():
        assert ids(answer) == [n for n in ids(before[kind]) if n not in best][:20]
        assert [item.rank for item in answer.items] == [*range(1, 21)]
        assert after[kind].items == before[kind].items
    versions = [
        {answer.rules_version for answer in by_kind.values()} for by_kind in (without, after)
    ]
    assert versions == [{1}, {2}]


@pytest.mark.usefixtures("wide")
def test_every_kind_of_list_follows_the_stock_on_the_next_read(api: Engine, client: Client) -> None:
    before = of_each_kind(client)
    best = {answer.items[0].item_id for answer in before.values()}

    out_of_stock(api, *best)
    without_rule = of_each_kind(client)
    activate_rules(api, only_available=True)
    without = of_each_kind(client)
    in_stock(api, *best)
    again = of_each_kind(client)

    for kind, answer in without.items():
        assert best.isdisjoint(ids(answer))
        assert ids(without_rule[kind]) == ids(again[kind]) == ids(before[kind])


@pytest.mark.usefixtures("wide")
def test_every_kind_of_list_has_only_items_that_meet_the_filter_of_the_rules(
    api: Engine, client: Client
) -> None:
    activate_rules(api, keep_if="category == 'kind 1' and not vendor in ('maker 4')")

    for kind, answer in of_each_kind(client).items():
        assert len(answer.items) == 20, kind
        assert all("kind 1" in item.categories for item in answer.items)
        assert "maker 4" not in {item.vendor for item in answer.items}


@pytest.mark.usefixtures("wide")
def test_a_pin_that_does_not_meet_the_filter_of_the_rules_is_not_shown(
    api: Engine, client: Client
) -> None:
    pins = [{"item_id": "50", "rank": 1}, {"item_id": "52", "rank": 2}]  # of kind 2, and of kind 1
    activate_rules(api, pin=pins, keep_if="category == 'kind 1'")

    assert ids(client.recommendations("p"))[1] == "52"
    assert "50" not in ids(client.recommendations("p", limit=100))


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("explain", [False, True])
def test_lists_have_the_version_of_the_active_rules_even_of_empty_rules(
    api: Engine, client: Client, *, explain: bool
) -> None:
    assert client.recommendations("fan", explain=explain).rules_version == 0
    activate_rules(api, hide=["f1"])
    activate_rules(api)

    assert client.recommendations("fan", explain=explain).rules_version == 2
    assert client.for_anonymous_user({}, explain=explain).rules_version == 2


@pytest.mark.parametrize("name", RULES)
def test_precomputed_and_computed_lists_are_equal_and_begin_with_shorter_ones(
    publisher: Engine, owner: Engine, api: Engine, client: Client, name: str
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    activate_rules(api, **RULES[name])

    def lists() -> dict[str, list[str]]:
        answers = {
            f"{category} {limit}": client.recommendations("p", limit=limit, category=category)
            for category in (None, "kind 2")
            for limit in (10, 20, 100)
        }
        kinds.append({answer.kind for answer in answers.values()})
        return {name: ids(answer) for name, answer in answers.items()}

    kinds: list[set[str]] = []
    looked_up = lists()
    rate(owner, "p", UNLIKED, 1.0)

    assert lists() == looked_up
    assert kinds == [{"batch"}, {"live"}]
    for category in (None, "kind 2"):
        of_10, of_20, of_100 = (looked_up[f"{category} {limit}"] for limit in (10, 20, 100))
        assert (of_10, of_20) == (of_20[:10], of_100[:20])


@pytest.mark.parametrize("name", RULES)
def test_the_fallback_is_the_same_with_and_without_an_id(
    publisher: Engine, api: Engine, client: Client, name: str
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    activate_rules(api, **RULES[name])

    for limit in (10, 100):
        unknown, anonymous = client.recommendations("n", limit=limit), client.for_anonymous_user({})
        assert unknown.kind == anonymous.kind == "fallback"
        assert ids(unknown)[:20] == ids(anonymous)[:limit]


def test_all_rules_apply_to_a_list_of_full_length(
    publisher: Engine, api: Engine, client: Client
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    activate_rules(api, **RULES["all"])

    listed = client.recommendations("p", limit=100)

    names = ids(listed)
    assert (names[2], names[11]) == ("50", "120")
    assert {"1", "5", "3", "11", "40"}.isdisjoint(names)
    assert len(names) == len({*names}) == 100
    pins = {"50", "120"}
    vendors = [item.item_id not in pins and item.vendor for item in listed.items[:30]]
    windows = [vendors[at : at + 10] for at in range(21)]
    assert max(window.count(name) for window in windows for name in {*window} - {False}) == 2


def test_rules_that_hide_nearly_everything_keep_the_order_of_the_rest(
    publisher: Engine, api: Engine, client: Client
) -> None:
    wide_shop.release(publisher)
    left = {"2", "100", "150", "159"}
    activate_rules(api, hide=[n for n in wide_shop.POPULAR if n not in left], diversity=0.1)

    assert {*ids(client.recommendations("p", limit=100))} == left
    assert ids(client.recommendations("n"))[0] == "2"
    assert ids(client.popular()) == ["2", "100", "150", "159"]
