"""Lists are encoded without the API's schema; here each of them must fit it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.recommendations import RecommendationList
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import GivenRating, Recommendations
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import COLD, hide, rate
from tests.support.serving.rules import activate_rules

EXPLAINED = ListRequest(explain=True)
Read = Callable[[Connection, ReleaseCache], RecommendationList]


def user(user_id: str, request: ListRequest) -> Read:
    return lambda connection, cache: recommendations.for_user(connection, cache, user_id, request)


def anonymous(connection: Connection, cache: ReleaseCache) -> RecommendationList:
    ratings = [GivenRating(item_id="f1", rating=5.0)]
    return recommendations.for_anonymous_user(connection, cache, ratings, EXPLAINED)


@pytest.mark.parametrize(
    "read",
    [
        user("fan", ListRequest()),
        user("fan", EXPLAINED),
        user("lover", EXPLAINED),
        user("grumbler", EXPLAINED),
        user("nobody", ListRequest(category="opera")),
        anonymous,
    ],
)
@pytest.mark.parametrize("rules", [{}, {"pin": [{"item_id": COLD, "rank": 2}], "diversity": 0.2}])
def test_every_list_is_encoded_as_its_schema_says(
    publisher: Engine,
    owner: Engine,
    api: Engine,
    read: Read,
    rules: dict[str, Any],
) -> None:
    live_shop.release(publisher)
    rate(owner, "lover", "f3", 5.0)
    hide(owner, "grumbler", "o4")
    activate_rules(api, **rules)

    cache = ReleaseCache()
    for _ in range(2):  # the second time from the cache of reasons
        with shop.reading(publisher) as connection:
            body = recommendations.to_json(read(connection, cache))
        parsed = Recommendations.model_validate_json(body)

        assert parsed.model_dump_json().encode() == body
        assert parsed.items
