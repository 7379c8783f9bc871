"""Effects of slate rules on explanations, through the API and its client."""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from tests.support.serving import wide_shop
from tests.support.serving.live_shop import COLD, PIN_COLD, hide, ids
from tests.support.serving.rules import activate_rules, out_of_stock
from tests.support.serving.wide_shop import RULES


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
    activate_rules(api, hide=["f4", "gone", "o2"], pin=PIN_COLD, only_available=True, boost=boost)

    result = client.explanation(*pair)

    assert (result.status, result.text) == (status, text)
    assert (result.rank is None) == (status != "listed")


@pytest.mark.usefixtures("released")
def test_the_explanation_of_an_item_that_a_filter_leaves_out_does_not_show_the_filter(
    api: Engine, client: Client
) -> None:
    activate_rules(api, keep_if="released != 2003 or category != 'film'")

    result = client.explanation("nobody", "f3")

    assert (result.status, result.text) == ("ruled_out", "left out for everyone")


@pytest.mark.usefixtures("released")
def test_the_explanation_of_a_pin_has_a_score_if_the_release_knows_it(
    api: Engine, client: Client
) -> None:
    activate_rules(api, pin=[*PIN_COLD, {"item_id": "f4", "rank": 1}])

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
    activate_rules(api, **RULES[name])
    listed = client.recommendations("p", limit=100)

    for item in (*listed.items[:15], listed.items[-1]):
        result = client.explanation("p", item.item_id)
        assert (result.status, result.rank) == ("listed", item.rank)
    missing = next(n for n in wide_shop.POPULAR if n not in {*ids(listed), "1", "3", "5", "11"})
    below = client.explanation("p", missing)
    assert below.status in {"below", "rated", "ruled_out"}
    assert below.rank is None or below.rank > 100
