"""Explanations of an item's rank, through the API and its client."""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from tests.support.serving import live_shop
from tests.support.serving.live_shop import hide, rate


@pytest.mark.parametrize(
    ("pair", "status", "text"),
    [
        (("fan", "f3"), "listed", "#1 on your list"),
        (("fan", "f1"), "rated", "you rated it 5 stars"),
        (("fan", "o4"), "hidden", "you hid it"),
        (("fan", "c1"), "cold", "it had no ratings or events when the model was trained"),
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
