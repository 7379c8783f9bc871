"""One user as an operator sees them: the list with its causes, compared with other lists."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from serving.inspection import users
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import UserInspection
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.support.serving import live_shop, shop, wide_shop
from tests.support.serving.live_shop import hide, ids, rate
from tests.support.serving.rules import activate_rules, out_of_stock
from tests.support.serving.wide_shop import RULES

Inspect = Callable[..., UserInspection]


@pytest.fixture
def inspect(publisher: Engine) -> Iterator[Inspect]:
    """A function that inspects a user as the role `api`."""
    with shop.reading(publisher) as connection:
        cache = ReleaseCache()
        yield lambda user_id, limit=100: users.inspect(connection, cache, user_id, limit=limit)


@pytest.mark.usefixtures("wide")
def test_the_inspected_list_is_the_list_that_is_served(api: Engine, inspect: Inspect) -> None:
    out_of_stock(api, "1", "5")
    users_without = {user_id: ids(_served(api, user_id)) for user_id in ("p", "q", "nobody")}
    for name, rules in RULES.items():  # one release for all: it takes seconds to publish
        activate_rules(api, **rules)
        for user_id, without in users_without.items():
            result, served = inspect(user_id), _served(api, user_id)

            assert [item.item_id for item in result.items] == ids(served)
            assert (result.kind, result.n_new_ratings) == (served.kind, served.n_new_ratings)
            assert [item.reason for item in result.items] == [x.reason for x in served.items]
            plain = [item.item_id for item in result.without_rules]
            assert plain == ([] if name == "none" else without)
            for item in result.items:
                assert item.rank_before_rules is not None or item.item_id == "new"
                if item.item_id in without:
                    assert item.rank_before_rules == without.index(item.item_id) + 1
                assert item.effects or item.rank_before_rules == item.rank
                assert not (item.effects and name == "none")


def _served(api: Engine, user_id: str) -> recommendations.RecommendationList:
    request = ListRequest(limit=100, explain=True)
    with api.connect() as connection:
        return recommendations.for_user(connection, ReleaseCache(), user_id, request)


def test_the_strongest_terms_and_the_others_add_up_to_the_score(
    publisher: Engine, owner: Engine, inspect: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MAX_TERMS", 2)
    live_shop.release(publisher, constants=live_shop.WITH_PRIORS, rows=live_shop.with_priors)
    rate(owner, "lover", "f3", 5.0)

    for item in inspect("lover").items:
        total = sum(term.value for term in item.terms) + item.other_terms
        assert total == pytest.approx(item.score, abs=1e-5)
        assert len(item.terms) == 2
        weakest = min(abs(term.value) for term in item.terms)
        assert item.n_other_terms >= 1
        assert weakest >= abs(item.other_terms) / item.n_other_terms
    assert inspect("lover").segment == live_shop.OLD


def test_the_segment_is_by_the_attributes_that_the_product_sent(
    publisher: Engine, owner: Engine, inspect: Inspect
) -> None:
    live_shop.release(publisher, constants=live_shop.WITH_PRIORS, rows=live_shop.with_priors)
    with owner.begin() as connection:
        for user_id in ("lover", "new"):
            change = Change(user_id, {"sex": "F", "age": "young"})
            changes.apply(connection, change, sent_by="test")

    assert inspect("lover").segment == inspect("new").segment == "sex=F,age=young"
    assert (inspect("lover").status, inspect("new").status) == ("known", "new")
    assert inspect("other").status == "unknown"
    with shop.reading(publisher) as connection:
        assert [user.user_id for user in users.find(connection, "n", limit=5)] == ["new"]


@pytest.mark.usefixtures("wide")
def test_each_rule_that_moved_an_item_is_named_with_the_rank_without_it(
    api: Engine, inspect: Inspect
) -> None:
    boost = [{"category": "kind 1", "by": 0.5}]
    activate_rules(api, boost=boost, pin=[{"item_id": "50", "rank": 3}], most_per_vendor=1)

    items = {item.item_id: item for item in inspect("q").items}

    [pinned] = items["50"].effects
    assert (pinned.rule, pinned.text) == ("pin", "pinned at rank 3")
    kinds = {effect.rule for item in items.values() for effect in item.effects}
    assert kinds == {"pin", "boost", "most_per_vendor", "others"}
    boosted = next(
        (item, effect)
        for item in items.values()
        for effect in item.effects
        if effect.rule == "boost" and effect.rank_without is not None
    )
    item, effect = boosted
    assert "kind 1" in item.categories
    assert effect.text == "boost +0.50 kind 1"
    activate_rules(api, pin=[{"item_id": "50", "rank": 3}], most_per_vendor=1)
    without = {item.item_id: item.rank for item in inspect("q").items}
    assert effect.rank_without == without[item.item_id]


@pytest.mark.usefixtures("released")
def test_what_newer_events_changed_is_said_of_each_precomputed_item(
    owner: Engine, inspect: Inspect
) -> None:
    rate(owner, "fan", "f3", 5.0)
    hide(owner, "fan", "f4")

    result = inspect("fan")

    assert (result.kind, result.n_new_ratings, result.n_rated) == ("live", 1, 3)
    rated, hidden = result.precomputed
    assert (rated.item_id, rated.status, rated.rank_now) == ("f3", "rated", None)
    assert rated.text == f"they rated it 5 stars on {live_shop.LATER:%Y-%m-%d}"
    assert (hidden.item_id, hidden.status, hidden.text) == ("f4", "hidden", "they hid it")
    kept = inspect("lover").precomputed[0]
    assert (kept.item_id, kept.status) == ("o3", "listed")
    assert kept.rank_now is not None


@pytest.mark.usefixtures("released")
def test_a_user_is_known_new_unknown_or_erased(
    owner: Engine, api: Engine, inspect: Inspect
) -> None:
    rate(owner, "n-sent", "f2", 4.0)
    with owner.begin() as connection:
        created = accounts.create(connection).user_id
    assert inspect("fan").status == "known"
    assert inspect("n-sent").status == "new"
    assert inspect(created).status == "new"
    assert inspect(created).registered_at is not None
    unknown = inspect("nobody")
    assert (unknown.status, unknown.kind, unknown.events) == ("unknown", "fallback", ())

    with api.begin() as connection:
        accounts.erase(connection, "fan", requested_by="ada")
    erased = inspect("fan")
    assert (erased.status, erased.items, erased.precomputed) == ("erased", (), ())
    assert (erased.events, erased.n_rated, erased.release) == ((), 0, None)
    assert erased.erasure is not None
    assert erased.erasure.requested_by == "ada"


@pytest.mark.usefixtures("released")
def test_users_are_found_by_the_beginning_of_their_ids(owner: Engine, api: Engine) -> None:
    rate(owner, "fa%", "f2", 4.0)
    rate(owner, "fa%", "f3", 4.0)
    rate(owner, "go", "f2", 4.0)
    with owner.begin() as connection:
        created = accounts.create(connection).user_id

    def found(prefix: str, limit: int = 20) -> list[tuple[str, int]]:
        with api.connect() as connection:
            people = users.find(connection, prefix, limit=limit)
        return [(user.user_id, user.n_rated) for user in people]

    assert found("fa") == [("fa%", 0), ("fan", 3)]
    assert found("fa", limit=1) == [("fa%", 0)]
    assert found("fa%") == [("fa%", 0)]
    assert found("n-") == [(created, 0)]
    assert found("F") == []
    assert [user_id for user_id, _ in found("")] == sorted(
        ["fa%", "fan", "go", "grumbler", "lover", created]
    )
    with api.begin() as connection:
        accounts.erase(connection, "fan", requested_by="ada")
    assert found("fan") == []


def test_users_of_an_older_release_are_found_if_the_api_knows_them(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    first = live_shop.release(publisher)
    live_shop.release(publisher, "two", instead_of=first)
    with owner.begin() as connection:
        feedback.accept(connection, Event("rate", "fan", "f3", 5.0), sent_by="test")

    with api.connect() as connection:
        [fan] = users.find(connection, "fan", limit=20)

    assert (fan.user_id, fan.n_rated) == ("fan", 3)


def test_lists_have_the_requested_length(publisher: Engine, inspect: Inspect) -> None:
    wide_shop.release(publisher)

    result = inspect("p", 20)

    assert (len(result.items), len(result.precomputed), result.limit) == (20, 20, 20)
    assert all(item.rank_now == item.rank for item in result.precomputed)
