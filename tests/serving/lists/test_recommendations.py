import pytest
from sqlalchemy import Engine, text

from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.users import profiles
from tests.support.serving import shop
from tests.support.serving.shop import ids

PLANS = ["nestloop", "hashjoin", "mergejoin"]


@pytest.mark.parametrize("plan", PLANS)
def test_lists_keep_their_order_however_postgres_joins(publisher: Engine, plan: str) -> None:
    shop.release(
        publisher,
        "one",
        instead_of=None,
        recommendations=shop.lists_of("user_id", u="cadb"),
        similar_items=shop.lists_of("item_id", a="dbc"),
        profiles=shop.profiles(u="bdac"),
    )

    with shop.reading(publisher) as connection:
        for other in set(PLANS) - {plan}:
            connection.execute(text(f"set enable_{other} = off"))
        answer = recommendations.for_user(connection, ReleaseCache(), "u", ListRequest(limit=100))
        assert (ids(answer), [item.rank for item in answer.items]) == ("cadb", [1, 2, 3, 4])
        assert ids(recommendations.similar_to(connection, ReleaseCache(), "a", limit=100)) == "dbc"
        rated = profiles.user(connection, "u", limit=100).rated
        assert "".join(item.item_id for item in rated) == "bdac"


def test_a_user_without_a_list_gets_the_fallback_without_rated_items(publisher: Engine) -> None:
    shop.release(
        publisher, "one", instead_of=None, profiles=shop.profiles(grumbler="cx", all="dcb")
    )

    answers = {name: shop.seen(publisher, name) for name in ("u", "unknown", "grumbler", "all")}
    assert {name: (answer.kind, ids(answer)) for name, answer in answers.items()} == {
        "u": ("batch", "ab"),
        "unknown": ("fallback", "dcb"),
        "grumbler": ("fallback", "db"),
        "all": ("fallback", ""),
    }
    assert [item.rank for item in answers["grumbler"].items] == [1, 2]
