"""Lists computed online, through the API and its client."""

import httpx2
import numpy as np
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.errors import OffScaleError
from serving.lists import recommendations, scoring
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import GivenRating
from tests.conftest import schema_of
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import hide, ids, rate


def test_a_new_rating_changes_the_next_list(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    release_id = live_shop.release(publisher)
    before = client.recommendations("fan")
    rate(owner, "fan", "o2", 5.0)
    rate(owner, "fan", "f1", 1.0)
    rate(owner, "fan", "f2", None)

    after = client.recommendations("fan")

    assert (before.kind, before.n_new_ratings, ids(before)) == ("batch", 0, ["f3", "f4"])
    assert (after.kind, after.n_new_ratings, after.release_id) == ("live", 3, release_id)
    assert ids(after)[:2] == ["o3", "o4"]
    assert set(ids(after)) == {
        "f2",
        "f3",
        "f4",
        "o3",
        "o4",
    }  # an item may be listed again once its rating is removed
    assert after.items[0].title == "Opera 3"
    assert [item.rank for item in after.items] == [1, 2, 3, 4, 5]


def test_a_live_list_has_the_scores_of_the_formula(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    y = live_shop.matrix()

    answer = client.recommendations("fan")

    mean = (5 + 4 + 1 + 5 + 3) / 5
    strength = np.array([5, 4, 1, 5]) - (mean + 3) / 2 + 1e-6
    rated = y[[0, 1, 4, 2]]
    a = y.T @ y + (rated.T * 2 * abs(strength)) @ rated + 0.1 * 3 * np.eye(2)
    x = np.linalg.solve(a, ((1 + 2 * abs(strength)) * (strength > 0)) @ rated)
    expected = dict(zip(live_shop.ITEMS, y @ x, strict=True))
    assert [item.score for item in answer.items] == pytest.approx(
        [expected[item_id] for item_id in ids(answer)], abs=1e-5
    )
    assert ids(answer) == ["f4", "o4", "o3", "o2"]


def test_hidden_items_leave_a_list_that_stays_precomputed(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    hide(owner, "fan", "f3")
    hide(owner, "new", "o4")

    known, unknown = client.recommendations("fan"), client.recommendations("new")

    assert (known.kind, known.n_new_ratings, ids(known)) == ("batch", 0, ["f4"])
    assert known.items[0].rank == 1
    assert (unknown.kind, ids(unknown)[:2]) == ("fallback", ["o3", "o2"])
    rate(owner, "fan", "o4", 5.0)
    live = client.recommendations("fan")
    assert live.kind == "live"
    assert "f3" not in ids(live)


def test_feedback_that_the_release_has_learned_from_changes_nothing(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "f1", 5.0)  # the same rating again
    rate(
        owner, "fan", "f2", 1.0, at=shop.RATED_AT.replace(year=2020)
    )  # older than the rating in the profile

    answer = client.recommendations("fan")

    assert (answer.kind, answer.n_new_ratings) == ("batch", 0)


def test_a_new_user_with_ratings_gets_their_own_list(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    assert client.recommendations("n-new").kind == "fallback"
    rate(owner, "n-new", "f1", 5.0)
    rate(owner, "n-dull", "f1", 1.0)

    positive, negative = client.recommendations("n-new"), client.recommendations("n-dull")

    assert (positive.kind, positive.n_new_ratings, ids(positive)[0]) == ("live", 1, "f2")
    assert (negative.kind, negative.n_new_ratings, ids(negative)[0]) == ("fallback", 1, "o4")
    assert "f1" not in ids(positive) + ids(negative)


def test_an_anonymous_user_gets_the_list_of_a_new_user_and_nothing_is_stored(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "n-new", "f1", 5.0)

    anonymous = client.for_anonymous_user({"f1": 5.0, "not there": 3.0})

    new_user = client.recommendations("n-new")
    assert (anonymous.user_id, anonymous.kind, anonymous.n_new_ratings) == (None, "live", 2)
    assert anonymous.items == new_user.items
    assert client.for_anonymous_user({}).kind == "fallback"
    assert shop.rows(owner, "select count(*) from feedback") == [(1,)]


def test_scores_of_unknown_users_are_blended_with_popularity(
    publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.release(publisher)
    monkeypatch.setattr(scoring, "BLEND", ((1, 0.0), (2, 50.0)))
    with shop.reading(publisher) as connection:
        first, second = (
            recommendations.for_anonymous_user(connection, ReleaseCache(), ratings, ListRequest())
            for ratings in (stars(f1=5), stars(f1=5, f2=5))
        )

    assert ids(first)[0] == "f2"
    assert ids(second)[:2] == ["o4", "o3"]


def test_a_rating_off_the_scale_is_refused(publisher: Engine) -> None:
    live_shop.release(publisher)
    with shop.reading(publisher) as connection, pytest.raises(OffScaleError, match="from 1 to 5"):
        recommendations.for_anonymous_user(connection, ReleaseCache(), stars(f1=6), ListRequest())


def test_filters_apply_to_every_kind_of_list(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "lover", "o3", 5.0)

    assert ids(client.recommendations("fan", exclude=["f3"])) == ["f4"]
    assert ids(client.recommendations("fan", category="opera")) == []
    live = client.recommendations("lover", category="film", exclude=["f2", "nowhere"])
    assert (live.kind, sorted(ids(live))) == ("live", ["f3", "f4"])
    assert len(client.recommendations("lover", limit=1).items) == 1
    assert ids(client.recommendations("nobody", category="film"))[0] == "f4"
    assert set(ids(client.for_anonymous_user({"f1": 5.0}, category="opera"))) == {
        "o1",
        "o2",
        "o3",
        "o4",
    }


def test_a_release_without_factors_has_live_lists_without_rated_items(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher, constants=live_shop.SCALE)
    rate(owner, "fan", "o4", 5.0)

    answer = client.recommendations("fan", explain=True)

    assert (answer.kind, ids(answer)) == ("live", ["o3", "o2", "f4", "f3"])
    assert {item.reason and item.reason.kind for item in answer.items} == {"popular"}


def test_parameters_are_bounded(http: httpx2.Client, owner: Engine) -> None:
    root = f"/v1/{schema_of(owner)}"
    many = "&".join(f"exclude={n}" for n in range(1001))

    for path in (f"/users/u/recommendations?{many}", "/vendor-items", "/trending?limit=0"):
        assert http.get(root + path).status_code == 422
    wrong = {"ratings": [{"item_id": "a", "rating": 5.0, "weight": 1}]}
    assert http.post(f"{root}/recommendations", json=wrong).status_code == 422


def stars(**ratings: float) -> list[GivenRating]:
    return [GivenRating(item_id=item_id, rating=rating) for item_id, rating in ratings.items()]
