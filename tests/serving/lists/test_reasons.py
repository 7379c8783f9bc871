import numpy as np
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.lists.reasons import decisive_terms, rating_text
from serving.schemas import KindMeaning
from serving.schemas.catalogue import act_text
from tests.support.serving import live_shop
from tests.support.serving.live_shop import rate


@pytest.mark.parametrize(
    ("terms", "decisive"),
    [
        ([0.3, 0.2, 0.4], 0),  # together the two ratings weigh more than the prior
        ([0.2, 0.3, 0.5], 1),
        ([0.1, 0.2, 0.4], 2),
        ([-0.1, -0.2, 0.1], 2),
        ([0.9, -0.8, 0.2], 0),  # the largest of all
        ([-0.9, -0.8, -0.2], -1),
    ],
)
def test_a_rating_is_the_reason_if_all_ratings_together_weigh_as_much_as_any_prior(
    terms: list[float], decisive: int
) -> None:
    rows = [[0.1, 0.2, 0.3], terms, [0.0, 0.0, 1.0]]
    assert decisive_terms(np.array(rows), 2).tolist()[1] == decisive


def test_ratings_are_shown_in_the_units_of_their_scale() -> None:
    assert [rating_text(1, 5), rating_text(4.5, 5), rating_text(7, 10)] == [
        "1 star",
        "4.5 stars",
        "7 of 10",
    ]


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


def test_without_ratings_a_popular_item_has_the_verb_of_the_kind(
    publisher: Engine, client: Client
) -> None:
    live_shop.release(publisher, constants=live_shop.EVENTS)

    fallback = client.recommendations("nobody", explain=True)

    assert {i.reason.text for i in fallback.items if i.reason} == {"bought by many"}


@pytest.mark.parametrize(
    ("past", "text"),
    [
        ("bought", "bought A {} b"),
        ("added {} to the basket", "added A {} b to the basket"),
        ("", "did “cart” with A {} b"),
    ],
)
def test_a_reason_has_the_title_where_the_text_of_the_kind_says(past: str, text: str) -> None:
    kind = KindMeaning(weight=1, value="count", positive_from=0, repeatable=True, past=past)

    assert act_text(kind, "cart", "A {} b") == text
