"""Attributes take effect with the user's next list: of the new segment, in every process."""

import pytest
from sqlalchemy import Connection, Engine, text

from serving.catalogue_changes.changes import Change as ItemChange
from serving.catalogue_changes.changes import apply
from serving.inspection import users as inspection
from serving.lists import explanations
from serving.lists.precomputed import ListRequest, precomputed_list
from serving.lists.releases.cache import ReleaseCache
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from serving.users import accounts
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import CENTRED, WITH_PRIORS, ids, with_priors
from tests.support.serving.shop import seen

OLD = {"age": "old", "sex": "F"}
YOUNG = {"age": "young", "sex": "F"}


@pytest.fixture
def released(publisher: Engine) -> int:
    """A release whose model prefers the last opera for the users of one segment."""
    return live_shop.release(publisher, constants=WITH_PRIORS, rows=with_priors)


def put(owner: Engine, user_id: str, attributes: dict[str, str]) -> None:
    with owner.begin() as connection:
        changes.apply(connection, Change(user_id, attributes), sent_by="test")


def shown(publisher: Engine, user_id: str) -> tuple[str, list[str]]:
    answer = seen(publisher, user_id)
    return answer.kind, ids(answer)


@pytest.mark.usefixtures("released")
def test_a_user_without_a_list_gets_that_of_the_segment(publisher: Engine, owner: Engine) -> None:
    assert shown(publisher, "new") == ("fallback", ["o4", "o3"])

    put(owner, "new", OLD)
    assert shown(publisher, "new") == ("fallback", ["f4", "f3"])

    put(owner, "new", YOUNG)  # a segment without a list
    assert shown(publisher, "new") == ("fallback", ["o4", "o3"])


@pytest.mark.usefixtures("released")
def test_a_user_with_a_list_gets_a_new_one_by_the_new_segment(
    publisher: Engine, owner: Engine
) -> None:
    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])

    put(owner, "fan", OLD)
    kind, listed = shown(publisher, "fan")
    assert (kind, listed[0]) == ("batch", "o4")

    put(owner, "fan", YOUNG)  # no segment of the release, as before
    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])


@pytest.mark.usefixtures("released")
def test_a_user_who_leaves_their_segment_loses_its_prior(publisher: Engine, owner: Engine) -> None:
    with shop.reading(publisher) as connection:
        cache = ReleaseCache()
        assert segment_terms(connection, cache, "lover") == [5.0]
        put(owner, "lover", {})
        assert segment_terms(connection, cache, "lover") == []
        put(owner, "lover", OLD)
        assert segment_terms(connection, cache, "lover") == [5.0]


@pytest.mark.usefixtures("released")
def test_the_fold_in_of_a_new_user_has_the_prior_of_the_segment(
    publisher: Engine, owner: Engine
) -> None:
    live_shop.rate(owner, "new", "f1", 5.0)
    kind, before = shown(publisher, "new")
    assert (kind, before[0] == "o4") == ("live", False)

    put(owner, "new", OLD)

    kind, after = shown(publisher, "new")
    assert (kind, after[0]) == ("live", "o4")


@pytest.mark.usefixtures("released")
def test_attributes_that_name_the_same_segment_leave_the_list_as_it_is(
    publisher: Engine, owner: Engine
) -> None:
    before = seen(publisher, "lover")

    put(owner, "lover", OLD)

    after = seen(publisher, "lover")
    assert (after.kind, after.items) == (before.kind, before.items)


def test_a_model_without_segments_keeps_the_list(publisher: Engine, owner: Engine) -> None:
    live_shop.release(publisher, constants=CENTRED)

    put(owner, "fan", OLD)

    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])


def test_what_the_release_has_learned_gives_way_to_the_profile_and_later_changes_do_not(
    publisher: Engine, owner: Engine, released: int
) -> None:
    """The fit took the newest of files and API: here a file that is newer than the API."""
    put(owner, "fan", OLD)
    put(owner, "new", OLD)
    second = publish(publisher, "two", instead_of=released, users_until=until_now(owner))

    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])
    assert not is_reranked(publisher, "fan")
    assert user_segment(publisher, "fan") == ""
    assert shown(publisher, "new") == ("fallback", ["f4", "f3"])  # there is no profile

    put(owner, "fan", OLD)
    assert shown(publisher, "fan")[1][0] == "o4"
    assert is_reranked(publisher, "fan")
    assert user_segment(publisher, "fan") == live_shop.OLD

    publish(publisher, "three", instead_of=second, users_until=until_now(owner))
    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])


def until_now(owner: Engine) -> int:
    """Return the first transaction after those that wrote attributes."""
    with owner.connect() as connection:
        return connection.scalar(text("select max(xact) + 1 from user_attributes")) or 0


def publish(publisher: Engine, retrain_id: str, *, instead_of: int, users_until: int) -> int:
    return live_shop.release(
        publisher,
        retrain_id,
        constants=WITH_PRIORS,
        rows=with_priors,
        instead_of=instead_of,
        users_until=users_until,
    )


@pytest.mark.usefixtures("released")
def test_a_fallback_is_of_the_segment_that_the_release_knows(
    publisher: Engine, owner: Engine
) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql("delete from recommendations where user_id = 'lover'")

    kind, listed = shown(publisher, "lover")

    assert (kind, listed) == ("fallback", ["f4", "f3"])


@pytest.mark.usefixtures("released")
def test_a_hidden_item_is_replaced_by_popular_items_that_follow_the_segments(
    publisher: Engine, owner: Engine
) -> None:
    put(owner, "new", OLD)
    live_shop.hide(owner, "new", "f4")

    kind, listed = shown(publisher, "new")

    assert (kind, listed) == ("fallback", ["f3", "o4", "o3", "o2", "o1", "f2", "f1"])
    with shop.reading(publisher) as connection:
        explained = explanations.explain(connection, ReleaseCache(), "new", "f3")
    assert (explained.rank, explained.score) == (1, live_shop.popularity("f3"))


def test_with_a_release_of_popularities_the_list_is_that_of_the_segment(
    publisher: Engine, owner: Engine
) -> None:
    live_shop.release(publisher, constants=live_shop.SCALE)
    assert shown(publisher, "fan") == ("batch", ["f3", "f4"])

    put(owner, "fan", OLD)

    assert shown(publisher, "fan")[1][:3] == ["f4", "f3", "o4"]  # f1, f2 and o1 are rated


@pytest.mark.usefixtures("released")
def test_a_removed_item_leaves_the_list_of_the_segment(publisher: Engine, owner: Engine) -> None:
    put(owner, "new", OLD)
    with owner.begin() as connection:
        apply(connection, ItemChange("f4", None), sent_by="test")

    assert shown(publisher, "new")[1][:2] == ["f3", "o4"]


@pytest.mark.usefixtures("released")
def test_after_an_erasure_the_list_is_that_of_anybody(publisher: Engine, owner: Engine) -> None:
    put(owner, "new", OLD)
    with owner.begin() as connection:
        accounts.erase(connection, "new", requested_by="test")

    assert shown(publisher, "new") == ("fallback", ["o4", "o3"])


def is_reranked(publisher: Engine, user_id: str) -> bool:
    with shop.reading(publisher) as connection:
        cache, request = ReleaseCache(), ListRequest()
        return precomputed_list(connection, cache, user_id, request).needs_reranking


def user_segment(publisher: Engine, user_id: str) -> str:
    with shop.reading(publisher) as connection:
        return inspection.inspect(connection, ReleaseCache(), user_id, limit=1).segment


def segment_terms(connection: Connection, cache: ReleaseCache, user_id: str) -> list[float]:
    """Return the terms of the segment in the score of the opera that it prefers."""
    explained = explanations.explain(connection, cache, user_id, "o4")
    return [term.value for term in explained.terms if term.kind == "segment"]
