"""Lists computed online from events of the manifest's kinds."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, text

from serving.client import Client
from serving.schemas import NewEvent, Recommendations
from serving.storage import pruning
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import EVENTS, ids

# By the shop: `purchase` is positive and not repeatable, `view` and `listen` (a share) repeatable.
ACTS = {"fan": {("f1", "view"): 2.0, ("f2", "purchase"): 1.0}}
BOUGHT_TWO = np.log1p(2) * 5 / 2  # weight x log(1 + amount) / unit
RECIPES = [
    pytest.param(EVENTS, id="als"),
    pytest.param({"relevant_from": 1.0, "has_scale": False, "neighbours": 3}, id="item_item"),
    pytest.param({"relevant_from": 1.0, "has_scale": False}, id="popular"),
]


def released(publisher: Engine, **changes: Any) -> int:
    options: dict[str, Any] = {"constants": EVENTS, "acts": ACTS} | changes
    return live_shop.release(publisher, **options)


def send(client: Client, kind: str, item: str, user: str = "fan", **fields: Any) -> str:
    event = NewEvent(kind=kind, user_id=user, item_id=item, **fields)
    [result] = client.send_events([event]).results
    assert result.status == "accepted", result
    return str(result.event_id)


def scores(answer: Recommendations) -> dict[str, float]:
    return {item.item_id: item.score for item in answer.items}


def folded(strengths: dict[str, float]) -> dict[str, float]:
    """Return the scores of the formula of implicit ALS."""
    y = live_shop.matrix()
    rows = y[[live_shop.ITEMS.index(item_id) for item_id in strengths]]
    r = np.array([*strengths.values()])
    a = y.T @ y + (rows.T * 2 * r) @ rows + 0.1 * len(r) * np.eye(2)
    x = np.linalg.solve(a, (1 + 2 * r) @ rows)
    return dict(zip(live_shop.ITEMS, (y @ x).tolist(), strict=True))


def test_a_list_has_the_scores_of_the_recipes_strengths(publisher: Engine, product: Client) -> None:
    released(publisher)
    before = product.recommendations("fan")
    send(product, "view", "o1", value=3)
    send(product, "view", "f1")

    after = product.recommendations("fan")

    assert (before.kind, before.n_new_ratings) == ("batch", 0)
    assert (after.kind, after.n_new_ratings) == ("live", 2)
    strength = {"f1": np.log1p(3) / 2, "f2": np.log1p(1) * 5 / 2, "o1": np.log1p(3) / 2}
    expected = folded(strength)
    assert scores(after) == pytest.approx(
        {item_id: expected[item_id] for item_id in ids(after)}, abs=1e-5
    )
    assert {*ids(after)} == {*live_shop.ITEMS} - {"f2"}  # bought; what was viewed may come again


def test_strengths_decay_with_the_age_of_the_newest_event_of_a_kind(
    publisher: Engine, product: Client
) -> None:
    newest = shop.RATED_AT + timedelta(days=20)
    micros = int(newest.timestamp()) * 1_000_000
    released(publisher, constants=EVENTS | {"half_life_days": 10.0, "newest": micros})
    send(product, "view", "f2", occurred_at=newest)
    send(product, "view", "o1", occurred_at=newest - timedelta(days=10))

    answer = product.recommendations("fan")

    strength = {
        "f1": np.log1p(2) / 2 * 0.25,
        "f2": np.log1p(1) * 5 / 2 * 0.25 + np.log1p(1) / 2,
        "o1": np.log1p(1) / 2 * 0.5,
    }
    expected = folded(strength)
    assert scores(answer) == pytest.approx({i: expected[i] for i in ids(answer)}, abs=1e-5)


@pytest.mark.parametrize("constants", RECIPES)
def test_what_is_not_repeatable_leaves_the_list_of_every_recipe(
    publisher: Engine, product: Client, constants: dict[str, Any]
) -> None:
    released(publisher, constants=constants, similar=live_shop.SIMILAR)
    send(product, "purchase", "f3")
    send(product, "view", "f4")
    send(product, "purchase", "o4", user="new")
    send(product, "view", "o3", user="new")

    assert {*ids(product.recommendations("fan"))} >= {"f1", "f4"}
    assert not {*ids(product.recommendations("fan"))} & {"f2", "f3"}
    assert "o4" not in ids(product.recommendations("new"))
    assert "o3" in ids(product.recommendations("new"))


def test_an_item_item_list_follows_positive_kinds_only(publisher: Engine, product: Client) -> None:
    constants = {"relevant_from": 1.0, "has_scale": False, "neighbours": 3}
    released(publisher, constants=constants, similar=live_shop.SIMILAR)
    send(product, "view", "f1", user="new")
    assert ids(product.recommendations("new"))[:2] == ["o4", "o3"]
    send(product, "purchase", "f1", user="new")

    answer = product.recommendations("new", explain=True)

    assert (answer.kind, ids(answer)[:2]) == ("live", ["f3", "f2"])
    assert [item.score for item in answer.items[:2]] == pytest.approx([0.5, 0.4])
    reason = answer.items[0].reason
    assert reason is not None
    assert (reason.kind, reason.item_id, reason.event_kind) == (
        "because_you_acted",
        "f1",
        "purchase",
    )
    assert reason.text == "because you bought Film 1"


def test_a_reason_names_the_kind_with_the_largest_weight(
    publisher: Engine, product: Client
) -> None:
    released(publisher)
    send(product, "view", "o1", user="new")
    [viewed] = {
        x.reason.text for x in product.recommendations("new", explain=True).items[:1] if x.reason
    }
    send(product, "purchase", "o1", user="new")
    [bought] = {
        x.reason.text for x in product.recommendations("new", explain=True).items[:1] if x.reason
    }
    send(product, "listen", "f3", user="other", value=0.5)

    assert (viewed, bought) == ("because you viewed Opera 1", "because you bought Opera 1")


def test_an_explanation_says_what_the_user_did(publisher: Engine, product: Client) -> None:
    released(publisher)
    send(product, "purchase", "f3")

    bought, other = product.explanation("fan", "f3"), product.explanation("fan", "o1")

    assert (bought.status, bought.text) == ("acted", "you bought it")
    assert other.status == "listed"
    assert other.score == pytest.approx(sum(term.value for term in other.terms), abs=1e-5)
    kinds = {(term.item_id, term.kind, term.event_kind) for term in other.terms}
    assert kinds == {
        ("f1", "event", "view"),
        ("f2", "event", "purchase"),
        ("f3", "event", "purchase"),
    }


def test_an_undone_event_does_not_count(publisher: Engine, product: Client) -> None:
    released(publisher)
    before = product.recommendations("fan")
    event_id = send(product, "purchase", "f3")
    assert "f3" not in ids(product.recommendations("fan"))

    product.undo("fan", event_id)

    after = product.recommendations("fan")
    assert (after.kind, after.n_new_ratings, ids(after)) == ("batch", 0, ids(before))


def test_an_event_that_a_release_has_learned_counts_once_and_can_be_undone(
    publisher: Engine, owner: Engine, product: Client
) -> None:
    first = released(publisher)
    event_id = send(product, "purchase", "o1", value=2, occurred_at=shop.RATED_AT)
    online = scores(product.recommendations("fan"))
    [(until,)] = shop.rows(owner, "select max(xact) + 1 from outbox")
    learned = {"fan": ACTS["fan"] | {("o1", "purchase"): 2.0}}
    released(publisher, retrain_id="two", instead_of=first, acts=learned, outbox_until=until)

    assert product.recommendations("fan").kind == "batch"
    send(product, "view", "f1", value=1, occurred_at=shop.RATED_AT)
    strength = {"f1": np.log1p(3) / 2, "f2": np.log1p(1) * 5 / 2, "o1": BOUGHT_TWO}
    again = scores(product.recommendations("fan"))
    expected = folded(strength)
    assert again == pytest.approx({i: expected[i] for i in again}, abs=1e-5)
    assert "o1" not in online.keys() | again.keys()

    product.undo("fan", event_id)
    undone = scores(product.recommendations("fan"))
    expected = folded({"f1": strength["f1"], "f2": strength["f2"]})
    assert undone == pytest.approx({i: expected[i] for i in undone}, abs=1e-5)
    assert "o1" in undone


def test_events_stay_in_postgres_until_no_kept_release_needs_them(
    publisher: Engine, owner: Engine, product: Client
) -> None:
    def prune() -> int:
        with owner.begin() as connection:
            [(later,)] = connection.execute(text("select now() + interval '90 days'"))
        names = ("events_before", "users_before", "audit_before", "lists_before")
        options = dict.fromkeys(names, later)
        return pruning.prune(publisher, **options)["events"].n_rows

    released(publisher)
    send(product, "view", "o1")
    live_until = "update releases set outbox_until = (select max(xact) + 1 from outbox)"
    collected = "insert into outbox_cursor (until, n_events) select max(xact) + 1, 1 from outbox"
    with owner.begin() as connection:
        connection.execute(text(collected))

    assert prune() == 0
    assert product.recommendations("fan").kind == "live"
    with owner.begin() as connection:
        connection.execute(text(live_until))
    assert prune() == 1


def test_without_a_scale_a_rating_is_a_like(publisher: Engine, product: Client) -> None:
    released(publisher)
    product.rate("new", "o1", 5)

    answer = product.recommendations("new", explain=True)

    assert answer.kind == "live"
    assert "o1" not in ids(answer)
    assert answer.items[0].item_id == "o2"
    assert answer.items[0].reason is not None
    assert answer.items[0].reason.kind == "because_you_rated"


def test_a_known_user_without_a_list_gets_popular_items_that_they_may_have_again(
    publisher: Engine, product: Client
) -> None:
    acts = {"buyer": {("o4", "view"): 1.0, ("o3", "purchase"): 1.0}}
    released(publisher, acts=acts)

    assert ids(product.recommendations("buyer")) == ["o4"]
