"""Lists computed online, reasons, explanations and shelves, through the API and its client."""

from threading import Barrier, Thread

import httpx2
import numpy as np
import pytest
from sqlalchemy import Connection, Engine, text

from serving.client import Client
from serving.errors import NoReleaseError, OffScaleError, RequestRefusedError
from serving.lists import loaded_release, recommendations, scoring
from serving.lists.loaded_release import LoadedRelease
from serving.lists.precomputed import ListRequest
from serving.lists.recommendations import RecommendationList
from serving.lists.release_cache import ReleaseCache
from serving.schemas import GivenRating, Recommendations, Shelf
from tests.conftest import schema_of
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import LATER, hide, rate


def ids(answer: Recommendations | RecommendationList | Shelf) -> list[str]:
    return [item.item_id for item in answer.items]


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


def test_reasons_name_the_rating_with_the_largest_term(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "lover", "f3", 5.0)

    batch, live = (client.recommendations(u, explain=True) for u in ("fan", "lover"))

    assert (batch.kind, live.kind) == ("batch", "live")
    first = batch.items[0].reason
    assert first is not None
    assert (first.kind, first.item_id) == ("because_you_rated", "f1")
    assert first.text == "because you rated Film 1 5 stars"
    because = {i.item_id: i.reason.item_id for i in live.items if i.reason}
    assert because["o4"] in {"o1", "o2"}
    assert because["f4"] == "f3"
    fallback = client.recommendations("nobody", explain=True)
    assert next(i.reason.text for i in fallback.items if i.reason) == "liked by many"
    assert all(item.reason is None for item in client.recommendations("fan").items)


def test_a_prior_can_be_the_reason(publisher: Engine, owner: Engine, client: Client) -> None:
    live_shop.release(publisher, constants=live_shop.WITH_PRIORS, rows=live_shop.with_priors)
    rate(owner, "lover", "f3", 5.0)

    listed = {i.item_id: i.reason for i in client.recommendations("lover", explain=True).items}

    assert listed["o4"] is not None
    assert (listed["o4"].kind, listed["o4"].text) == ("people_like_you", "liked by people like you")


@pytest.mark.parametrize(
    ("pair", "status", "text"),
    [
        (("fan", "f3"), "listed", "#1 on your list"),
        (("fan", "f1"), "rated", "you rated it 5 stars"),
        (("fan", "o4"), "hidden", "you hid it"),
        (("fan", "c1"), "cold", "too new: it had no ratings when the model was trained"),
        (("fan", "x9"), "unknown", "not in the catalogue"),
        (("nobody", "o3"), "listed", "#2 on your list"),
    ],
)
def test_an_explanation_has_the_status_of_the_item(  # noqa: PLR0917 # a case
    publisher: Engine,
    owner: Engine,
    client: Client,
    pair: tuple[str, str],
    status: str,
    text: str,
) -> None:
    live_shop.release(publisher)
    hide(owner, "fan", "o4")

    result = client.explanation(*pair)

    assert (result.status, result.text) == (status, text)
    assert (result.rank is None) == (status != "listed")


def test_the_terms_of_an_explanation_add_up(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher, constants=live_shop.WITH_PRIORS, rows=live_shop.with_priors)
    rate(owner, "lover", "f3", 5.0)
    rate(owner, "n-new", "f1", 5.0)

    for user_id in ("fan", "lover", "grumbler", "n-new", "nobody"):
        answer = client.recommendations(user_id, limit=100)
        for item in answer.items:
            result = client.explanation(user_id, item.item_id)
            assert result.rank == item.rank
            assert sum(term.value for term in result.terms) == pytest.approx(result.score, abs=1e-5)
            assert result.score == pytest.approx(item.score, abs=1e-5) or answer.kind == "batch"
    kinds = {term.kind for term in client.explanation("lover", "o4").terms}
    assert kinds == {"rating", "popularity", "segment"}


def test_below_the_first_hundred_an_item_is_not_on_the_list(
    publisher: Engine, owner: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.release(publisher)
    monkeypatch.setattr("serving.lists.explanations.FULL", 1)
    rate(owner, "fan", "f3", 5.0)

    result = client.explanation("fan", "o2")

    assert (result.status, result.text) == ("below", "#4 for you, too low for your list")


def test_ratings_are_the_profile_merged_with_feedback(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "o4", 3.0)
    rate(owner, "fan", "f1", 2.0)
    rate(owner, "fan", "f2", None)
    rate(
        owner, "fan", "o1", 5.0, at=shop.RATED_AT.replace(year=2020)
    )  # older than the rating in the profile
    rate(owner, "fan", "gone", 5.0)

    page = client.ratings("fan")

    assert [(r.item_id, r.title, r.rating) for r in page.items] == [
        ("f1", "Film 1", 2.0),
        ("o4", "Opera 4", 3.0),
        ("o1", "Opera 1", 1.0),
    ]
    assert (page.total, page.items[0].rated_at) == (3, LATER)
    second = client.ratings("fan", limit=1, offset=1)
    assert ([r.item_id for r in second.items], second.total) == (["o4"], 3)
    assert client.ratings("nobody").total == 0


def test_hidden_items_are_on_the_first_page_of_ratings(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    live_shop.hide(owner, "fan", "o3")
    live_shop.hide(owner, "lover", "o4")

    assert [item.item_id for item in client.ratings("fan").hidden] == ["o3"]
    assert client.ratings("fan", offset=1).hidden == ()


def test_shelves_need_no_user(publisher: Engine, client: Client) -> None:
    with pytest.raises(NoReleaseError):
        client.popular()
    with pytest.raises(NoReleaseError):
        client.of_vendor("film house")
    live_shop.release(publisher)

    assert ids(client.popular(limit=2)) == ["o4", "o3"]
    assert ids(client.popular(category="film", limit=2)) == ["f4", "f3"]
    assert ids(client.popular(category="nothing")) == []
    assert ids(client.trending()) == ["f2", "o1"]
    assert ids(client.of_vendor("film house")) == ["f4", "f3", "f2", "f1", "c1"]
    assert ids(client.of_vendor("nobody")) == []


def test_popular_items_of_some_years_include_both_ends(publisher: Engine, client: Client) -> None:
    live_shop.release(publisher)

    assert ids(client.popular(released_from=2002, released_to=2003)) == ["o3", "o2", "f3", "f2"]
    assert ids(client.popular(released_from=2004)) == ["o4", "f4"]
    assert ids(client.popular(released_to=2001)) == ["o1", "f1"]
    assert ids(client.popular(category="film", released_from=2003)) == ["f4", "f3"]
    assert ids(client.popular(released_from=2003, released_to=2002)) == []
    with pytest.raises(RequestRefusedError):
        client.popular(released_from=-1)


def test_items_of_an_unknown_year_are_outside_all_years(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    with owner.begin() as connection:
        connection.execute(text("update items set released = null where item_id = 'o4'"))

    assert ids(client.popular(limit=1)) == ["o4"]
    assert ids(client.popular(released_from=0, limit=1)) == ["o3"]
    assert ids(client.popular(released_to=9999, limit=1)) == ["o3"]


def test_positive_ratings_since_the_release_are_trending(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    for user_id in ("a", "b", "c"):
        rate(owner, user_id, "f4", 4.0)
        rate(owner, user_id, "f3", 3.0)  # not positive
    rate(owner, "fan", "f1", 5.0)  # counted by the release

    answer = client.trending()

    assert ids(answer) == ["f4", "f2", "o1"]
    assert ids(client.trending(category="opera")) == ["o1"]


def test_a_release_is_read_once_and_the_next_one_as_soon_as_it_is_live(
    publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    loads, cache, start = [], ReleaseCache(), Barrier(4)

    def counted(connection: Connection, release_id: int) -> LoadedRelease:
        loads.append(release_id)
        return load(connection, release_id)

    load = loaded_release.load
    monkeypatch.setattr(loaded_release, "load", counted)

    def read() -> None:
        with shop.reading(publisher) as connection:
            start.wait(timeout=10)
            recommendations.for_user(connection, cache, "fan", ListRequest())

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first = loads[0]
    assert loads == [first]
    second = live_shop.release(publisher, "two", instead_of=first)
    with shop.reading(publisher) as connection:
        answer = recommendations.for_user(connection, cache, "fan", ListRequest())
    assert (answer.release_id, loads) == (second, [first, second])


def test_an_answer_has_the_factors_of_the_release_that_it_names(
    publisher: Engine, owner: Engine
) -> None:
    first = live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    cache = ReleaseCache()
    with shop.reading(publisher) as before, shop.reading(publisher) as after:
        before.execution_options(isolation_level="REPEATABLE READ")
        after.execution_options(isolation_level="AUTOCOMMIT")
        recommendations.for_user(
            before, ReleaseCache(), "fan", ListRequest()
        )  # its snapshot is taken
        second = live_shop.release(publisher, "two", instead_of=first, sign=-1)
        answers = [
            recommendations.for_user(connection, cache, "fan", ListRequest())
            for connection in (after, before, after)
        ]

    assert [answer.release_id for answer in answers] == [second, first, second]
    assert cache._releases.keys() == {first, second}  # noqa: SLF001 # the cached releases
    for release_id, release in cache._releases.items():  # noqa: SLF001
        assert (release.rows[0, 0] > 0) == (release_id == first)


def test_parameters_are_bounded(http: httpx2.Client, owner: Engine) -> None:
    root = f"/v1/{schema_of(owner)}"
    many = "&".join(f"exclude={n}" for n in range(1001))

    for path in (f"/users/u/recommendations?{many}", "/vendor-items", "/trending?limit=0"):
        assert http.get(root + path).status_code == 422
    wrong = {"ratings": [{"item_id": "a", "rating": 5.0, "weight": 1}]}
    assert http.post(f"{root}/recommendations", json=wrong).status_code == 422


def stars(**ratings: float) -> list[GivenRating]:
    return [GivenRating(item_id=item_id, rating=rating) for item_id, rating in ratings.items()]
