"""Lists of a release of an item-item model, computed online through the API and its client."""

import numpy as np
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.lists import neighbours
from serving.lists.releases.cache import ReleaseCache
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import NEIGHBOURS, SIMILAR, hide, ids, rate


@pytest.fixture
def released(publisher: Engine) -> None:
    live_shop.release(publisher, constants=NEIGHBOURS, similar=SIMILAR)


@pytest.mark.usefixtures("released")
def test_a_new_rating_adds_the_weights_of_its_neighbours(owner: Engine, client: Client) -> None:
    rate(owner, "fan", "o1", 5.0)  # was 1

    answer = client.recommendations("fan", explain=True)

    assert answer.kind == "live"
    # f1 and f2 are rated 5 and 4; without a sum, items follow by popularity: o4, o3, f4 …
    assert ids(answer) == ["f3", "o2", "f4", "o4", "o3"]
    scores = [item.score for item in answer.items]
    assert scores == pytest.approx([0.75, 0.3, 0.2, 0, 13 / 14 - 1])
    reasons = [item.reason.text for item in answer.items if item.reason]
    assert reasons[:3] == [
        "because you rated Film 1 5 stars",
        "because you rated Opera 1 5 stars",
        "because you rated Film 2 4 stars",
    ]
    assert reasons[3:] == ["liked by many"] * 2


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("n", [1, 2, 3, 1000])
def test_the_neighbours_are_loaded_in_pages(
    publisher: Engine, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    monkeypatch.setattr(neighbours, "PAGE_ROWS", n)

    with shop.reading(publisher) as connection:
        release, _ = ReleaseCache().live(connection)

    assert release.neighbours is not None
    assert np.diff(release.neighbours.starts).tolist() == [2, 2, 0, 0, 1, 0, 0, 0]
    ids = [release.ids[position] for position in release.neighbours.positions]
    assert ids == ["f3", "f2", "f3", "f4", "o2"]


@pytest.mark.usefixtures("released")
def test_without_new_ratings_the_precomputed_list_stays(owner: Engine, client: Client) -> None:
    hide(owner, "fan", "f3")

    answer = client.recommendations("fan")

    assert answer.kind == "batch"
    assert ids(answer) == ["f4"]


@pytest.mark.usefixtures("released")
def test_the_terms_of_an_explanation_add_up(owner: Engine, client: Client) -> None:
    rate(owner, "fan", "o1", 4.0)

    for item in client.recommendations("fan").items:
        result = client.explanation("fan", item.item_id)
        assert result.rank == item.rank
        assert sum(term.value for term in result.terms) == pytest.approx(item.score, abs=1e-6)
    terms = {term.item_id: term.value for term in client.explanation("fan", "f3").terms}
    assert terms == {"f1": pytest.approx(0.5), "f2": pytest.approx(0.25)}


@pytest.mark.usefixtures("released")
def test_an_anonymous_user_is_folded_in_and_a_dislike_says_nothing(client: Client) -> None:
    answer = client.for_anonymous_user({"o1": 5, "f1": 1})

    assert (answer.kind, ids(answer)[:3]) == ("live", ["o2", "o4", "o3"])
    only_disliked = client.for_anonymous_user({"f1": 1})
    assert ids(only_disliked)[:2] == ["o4", "o3"]  # by popularity


@pytest.mark.usefixtures("released")
def test_similar_items_are_the_neighbours(client: Client) -> None:
    assert ids(client.similar("f1")) == ["f3", "f2"]


def test_items_with_a_negative_weight_are_not_similar(publisher: Engine, client: Client) -> None:
    live_shop.release(publisher, constants=NEIGHBOURS, similar={"f1": {"f3": 0.5, "o1": -0.2}})

    assert ids(client.similar("f1")) == ["f3"]
    answer = client.for_anonymous_user({"f1": 5})
    assert ids(answer)[:2] == ["f3", "o4"]
