"""Effects of slate rules on lists, shelves and explanations, through the API and its client.

The API is one process with one cache for all tests: each change must show on the next read.
"""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from serving.client import Client
from serving.lists import outcomes, recommendations, user_state
from serving.lists.building import ListBuilder
from serving.lists.precomputed import ListRequest, precomputed_list
from serving.lists.recommendations import RecommendationList
from serving.lists.release_cache import ReleaseCache
from serving.lists.user_state import UserState
from serving.rules import store
from serving.rules.slate import Slate
from serving.schemas import Recommendations, Shelf, SimilarItems
from tests.support.serving import live_shop, shop, wide_shop
from tests.support.serving.live_shop import COLD, hide, rate
from tests.support.serving.rules import in_stock, out_of_stock, put_in_force
from tests.support.serving.wide_shop import UNLIKED

PIN_COLD = [{"item_id": COLD, "rank": 2}]
RULES: dict[str, dict[str, Any]] = {
    "none": {},
    "hidden": {"hide": ["3", "11", "40"]},
    "boosts": {"boost": [{"category": "kind 1", "by": 0.3}, {"category": "age 0", "by": -0.1}]},
    "caps": {"most_per_category": 4, "most_per_vendor": 1},
    "diverse": {"diversity": 0.4},
    "pins": {"pin": [{"item_id": "50", "rank": 3}, {"item_id": "new", "rank": 12}]},
    "stock": {"only_available": True, "diversity": 0.2},
    "all": {
        "hide": ["3", "11", "40"],
        "pin": [{"item_id": "50", "rank": 3}, {"item_id": "120", "rank": 12}],
        "boost": [{"category": "kind 1", "by": 0.3}],
        "most_per_category": 6,
        "most_per_vendor": 2,
        "only_available": True,
        "diversity": 0.2,
    },
}


def ids(answer: Recommendations | RecommendationList | Shelf | SimilarItems) -> list[str]:
    return [item.item_id for item in answer.items]


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


@pytest.fixture
def released(publisher: Engine, owner: Engine) -> None:
    """The live shop, released; then "lover" rated an item."""
    live_shop.release(publisher)
    rate(owner, "lover", "f2", 4.0)


@pytest.fixture
def wide(publisher: Engine, owner: Engine) -> None:
    """The wide shop; "q" is a new user with one rating."""
    wide_shop.release(publisher)
    rate(owner, "q", "2", 5.0)


@pytest.mark.usefixtures("wide")
def test_every_kind_of_list_follows_new_rules_on_the_next_read(api: Engine, client: Client) -> None:
    before = of_each_kind(client, limit=30)
    best = {answer.items[0].item_id for answer in before.values()}

    put_in_force(api, hide=sorted(best))
    without = of_each_kind(client)
    put_in_force(api)
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
    put_in_force(api, only_available=True)
    without = of_each_kind(client)
    in_stock(api, *best)
    again = of_each_kind(client)

    for kind, answer in without.items():
        assert best.isdisjoint(ids(answer))
        assert ids(without_rule[kind]) == ids(again[kind]) == ids(before[kind])


@pytest.mark.usefixtures("released")
def test_a_pin_is_on_every_kind_of_list_even_if_it_is_new_to_the_release(
    api: Engine, client: Client
) -> None:
    put_in_force(api, pin=PIN_COLD)

    answers = [client.recommendations(user_id) for user_id in ("fan", "lover", "nobody")]
    for answer in (*answers, client.for_anonymous_user({"f1": 5.0})):
        assert ids(answer)[1] == COLD
        assert (answer.items[1].rank, answer.items[1].score) == (2, 0)
        assert answer.items[1].title == "Film 1"


@pytest.mark.usefixtures("released")
def test_users_are_not_shown_pins_that_they_rated_hid_or_filtered_out(
    owner: Engine, api: Engine, client: Client
) -> None:
    put_in_force(api, pin=[{"item_id": "f2", "rank": 1}, *PIN_COLD])
    hide(owner, "fan", COLD)

    assert {"f2", COLD}.isdisjoint(ids(client.recommendations("fan")))  # rated, hidden
    assert ids(client.recommendations("lover"))[1] == COLD
    assert "f2" not in ids(client.recommendations("lover"))
    assert "f2" not in ids(client.for_anonymous_user({"f2": 2.0}))
    assert ids(client.recommendations("nobody"))[0] == "f2"
    filtered = client.recommendations("nobody", category="opera", exclude=["o4"])
    assert ids(filtered) == ["o3", "o2", "o1"]
    assert COLD in ids(client.recommendations("nobody", category="film", exclude=["f2"]))


@pytest.mark.usefixtures("released")
def test_pins_that_are_out_of_stock_are_not_shown(api: Engine, client: Client) -> None:
    put_in_force(api, pin=PIN_COLD, only_available=True)
    assert ids(client.recommendations("nobody"))[1] == COLD

    out_of_stock(api, COLD)

    assert COLD not in ids(client.recommendations("nobody"))


def test_a_pin_from_a_later_release_is_shown_once_that_is_live(
    publisher: Engine, api: Engine, client: Client
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    put_in_force(api, pin=[{"item_id": "e", "rank": 1}])
    assert ids(client.recommendations("u")) == ["a", "b"]

    items = shop.items(**shop.TITLES, e="Heat")
    shop.release(publisher, "two", instead_of=first, items=items)

    assert ids(client.recommendations("u")) == ["e", "a", "b"]


@pytest.mark.usefixtures("released")
def test_pinned_items_have_their_own_reason(api: Engine, client: Client) -> None:
    put_in_force(api, pin=[*PIN_COLD, {"item_id": "f4", "rank": 1}])

    for user_id in ("fan", "lover", "nobody"):
        listed = client.recommendations(user_id, explain=True).items
        kinds = {item.item_id: item.reason.kind for item in listed if item.reason}
        assert kinds.pop("f4") == kinds.pop(COLD) == "pinned"
        assert len(kinds) == len(listed) - 2
        assert "pinned" not in kinds.values()


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("explain", [False, True])
def test_lists_have_the_version_of_the_rules_in_force_even_of_empty_rules(
    api: Engine, client: Client, *, explain: bool
) -> None:
    assert client.recommendations("fan", explain=explain).rules_version == 0
    put_in_force(api, hide=["f1"])
    put_in_force(api)

    assert client.recommendations("fan", explain=explain).rules_version == 2
    assert client.for_anonymous_user({}, explain=explain).rules_version == 2


@pytest.mark.usefixtures("released")
def test_shelves_leave_out_hidden_and_unavailable_items(api: Engine, client: Client) -> None:
    assert ids(client.popular(limit=3)) == ["o4", "o3", "o2"]
    out_of_stock(api, "o3", "f2")

    put_in_force(api, hide=["o4", "f4"], only_available=True)

    assert ids(client.popular(limit=2)) == ["o2", "o1"]
    assert ids(client.popular(category="film")) == ["f3", "f1"]
    assert ids(client.trending()) == ["o1"]
    assert ids(client.of_vendor("film house")) == ["f3", "f1", COLD]
    put_in_force(api, hide=["o4", "f4"])
    assert ids(client.of_vendor("film house")) == ["f3", "f2", "f1", COLD]
    assert ids(client.trending()) == ["f2", "o1"]


@pytest.mark.usefixtures("released")
def test_other_rules_do_not_change_shelves(api: Engine, client: Client) -> None:
    def shelves() -> list[Shelf]:
        return [client.popular(), client.trending(), client.of_vendor("film house")]

    before = shelves()

    boost = [{"category": "film", "by": 1}]
    put_in_force(
        api, pin=PIN_COLD, boost=boost, most_per_category=1, most_per_vendor=1, diversity=1
    )

    assert shelves() == before


def test_similar_items_leave_out_hidden_and_unavailable_items(
    publisher: Engine, api: Engine, client: Client
) -> None:
    shop.release(publisher, "one", instead_of=None, similar_items=shop.lists_of("item_id", a="bcd"))
    out_of_stock(api, "c")

    put_in_force(api, hide=["b"])
    assert ids(client.similar("a", limit=1)) == ["c"]
    put_in_force(api, hide=["b"], only_available=True)
    similar = client.similar("a")
    assert [(item.item_id, item.rank) for item in similar.items] == [("d", 1)]


@pytest.mark.usefixtures("released")
def test_search_and_item_pages_show_hidden_and_unavailable_items(
    api: Engine, client: Client
) -> None:
    out_of_stock(api, "f2")
    put_in_force(api, hide=["f1"], only_available=True)

    assert [item.item_id for item in client.items(q="film").items].count("f1") == 1
    assert client.items(category="film").total == 5
    assert (client.item("f1").title, client.item("f2").title) == ("Film 1", "Film 2")
    assert ids(client.similar("f1")) == []


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("pair", "status", "text"),
    [
        (("fan", "f4"), "ruled_out", "left out for everyone"),
        (("fan", "o3"), "ruled_out", "not available now"),
        (("fan", "f1"), "rated", "you rated it 5 stars"),
        (("fan", "o2"), "hidden", "you hid it"),
        (("fan", COLD), "listed", "#2 on your list: featured for everyone"),
        (("nobody", "o4"), "listed", "#1 on your list"),
        (("nobody", "o1"), "listed", "#4 on your list; by score alone #2"),
        (("nobody", "x9"), "unknown", "not in the catalogue"),
        (("nobody", "gone"), "unknown", "not in the catalogue"),
    ],
)
def test_an_explanation_names_the_effect_of_the_rules(  # noqa: PLR0917 # a case
    owner: Engine,
    api: Engine,
    client: Client,
    pair: tuple[str, str],
    status: str,
    text: str,
) -> None:
    hide(owner, "fan", "o2")
    out_of_stock(api, "o3", "f1")
    boost = [{"category": "film", "by": 0.7}]  # puts f3 before o1
    put_in_force(api, hide=["f4", "gone", "o2"], pin=PIN_COLD, only_available=True, boost=boost)

    result = client.explanation(*pair)

    assert (result.status, result.text) == (status, text)
    assert (result.rank is None) == (status != "listed")


@pytest.mark.usefixtures("released")
def test_the_explanation_of_a_pin_has_a_score_if_the_release_knows_it(
    api: Engine, client: Client
) -> None:
    put_in_force(api, pin=[*PIN_COLD, {"item_id": "f4", "rank": 1}])

    unseen, seen = client.explanation("lover", COLD), client.explanation("lover", "f4")

    assert (unseen.rank, unseen.score, unseen.terms) == (2, None, ())
    assert seen.text == "#1 on your list: featured for everyone"
    assert sum(term.value for term in seen.terms) == pytest.approx(seen.score, abs=1e-5)


@pytest.mark.parametrize("name", RULES)
def test_explanations_agree_with_lists(
    publisher: Engine, api: Engine, client: Client, name: str
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    put_in_force(api, **RULES[name])
    listed = client.recommendations("p", limit=100)

    for item in (*listed.items[:15], listed.items[-1]):
        result = client.explanation("p", item.item_id)
        assert (result.status, result.rank) == ("listed", item.rank)
    missing = next(n for n in wide_shop.POPULAR if n not in {*ids(listed), "1", "3", "5", "11"})
    below = client.explanation("p", missing)
    assert below.status in {"below", "rated", "ruled_out"}
    assert below.rank is None or below.rank > 100


@pytest.mark.parametrize("name", RULES)
def test_precomputed_and_computed_lists_are_equal_and_begin_with_shorter_ones(
    publisher: Engine, owner: Engine, api: Engine, client: Client, name: str
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    put_in_force(api, **RULES[name])

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
    put_in_force(api, **RULES[name])

    for limit in (10, 100):
        unknown, anonymous = client.recommendations("n", limit=limit), client.for_anonymous_user({})
        assert unknown.kind == anonymous.kind == "fallback"
        assert ids(unknown)[:20] == ids(anonymous)[:limit]


def test_all_rules_apply_to_a_list_of_full_length(
    publisher: Engine, api: Engine, client: Client
) -> None:
    wide_shop.release(publisher)
    out_of_stock(api, "1", "5")
    put_in_force(api, **RULES["all"])

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
    put_in_force(api, hide=[n for n in wide_shop.POPULAR if n not in left], diversity=0.1)

    assert {*ids(client.recommendations("p", limit=100))} == left
    assert ids(client.recommendations("n"))[0] == "2"
    assert ids(client.popular()) == ["2", "100", "150", "159"]


@pytest.mark.usefixtures("released")
def test_without_rules_a_list_is_looked_up_without_the_users_state(
    publisher: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = user_state.read, list[str]()

    def counted(connection: Connection, release_id: int, user_id: str) -> UserState:
        reads.append(user_id)
        return read(connection, release_id, user_id)

    monkeypatch.setattr(user_state, "read", counted)
    with shop.reading(publisher) as connection:
        for n_reads in (0, 1):
            recommendations.for_user(connection, ReleaseCache(), "fan", ListRequest())
            assert reads == ["fan"] * n_reads
            put_in_force(api, hide=["f1"])


@pytest.mark.usefixtures("released")
def test_a_process_reads_rules_once_for_each_revision(
    publisher: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = store.slate

    def counted(connection: Connection) -> tuple[int, Slate]:
        revision, slate = read(connection)
        reads.append(revision)
        return revision, slate

    monkeypatch.setattr(store, "slate", counted)
    cache = ReleaseCache()
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(3):
            put_in_force(api, hide=["f1"])
            for user_id in ("fan", "lover", "nobody", "fan"):
                recommendations.for_user(connection, cache, user_id, ListRequest())

    assert reads == [1, 2, 3]


@pytest.mark.usefixtures("wide")
def test_a_short_list_has_all_its_items_even_if_rules_change_while_it_is_read(
    publisher: Engine, api: Engine, client: Client
) -> None:
    request, cache = ListRequest(limit=5, explain=True), ReleaseCache()
    with shop.reading(publisher) as connection:
        precomputed = precomputed_list(connection, cache, "p", request)
        state = user_state.read(connection, precomputed.live.release.release_id, "p")
    put_in_force(api, hide=[precomputed.item_ids[1]], diversity=0.3)

    with shop.reading(publisher) as connection:
        builder = ListBuilder(*cache.live(connection), state, request)
    outcome = outcomes.rebuilt(precomputed, builder)

    assert isinstance(outcome, outcomes.ComputedOnline)
    listed = builder.listed(builder.pool())
    later = client.recommendations("p", limit=5)
    assert [item.item_id for item in listed] == ids(later)
    assert len(later.items) == 5


def test_rules_of_a_restored_database_are_read_again(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    live_shop.release(publisher)
    cache = ReleaseCache()
    put_in_force(api, hide=["f3"])
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        put_in_force(api, hide=["f4"])
        assert ids(recommendations.for_user(connection, cache, "fan", ListRequest())) == ["f3"]
        with owner.begin() as restoring:
            restoring.exec_driver_sql("update slate set revision = 1, version = 1")
        assert ids(recommendations.for_user(connection, cache, "fan", ListRequest())) == ["f4"]
