"""Rating, hiding, undoing and deleting data, against an API on loopback."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import choices, product_api
from serving.client import Client
from serving.errors import ApiUnavailableError
from serving.schemas import RatingsPage
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, titles, words
from tests.support.dashboards.visitors import Visitors

HOME, ITEM, RATINGS = "demo/for_you.py", "demo/item.py", "demo/ratings.py"


def home(page: Page, user_id: str = "0042") -> AppTest:
    shown = page(HOME)
    shown.session_state["user"] = user_id
    shown.run()
    assert not shown.exception
    return shown


def give(shown: AppTest, item_id: str, stars: int | None, shelf: str = "picked") -> AppTest:
    shown.feedback(key=f"rate-{shelf}-{item_id}").set_value(stars and stars - 1).run()
    assert not shown.exception
    return shown


def test_a_rating_is_written_and_the_list_changes_at_once(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    give(shown, first.item_id, 5)

    assert visitors.rated["0042"] == {first.item_id: 5.0}
    text = words(shown)
    assert "5 stars" in text
    assert "Your list has" in text
    assert ":green-badge[:material/bolt: Updated]" in text
    assert "Because you rated" in text
    assert titles(shown)[0].strip("*") == first.title  # it does not move under the pointer


def test_undo_removes_a_rating(page: Page, visitors: Visitors) -> None:
    shown = give(home(page), visitors.recommendations("0042", 20).items[2].item_id, 4)

    shown.button(key="undo").click().run()

    assert not shown.exception
    assert visitors.rated["0042"] == {}
    assert "was removed" in words(shown)


def test_clearing_the_stars_removes_the_rating(page: Page, visitors: Visitors) -> None:
    item_id = visitors.recommendations("0042", 20).items[0].item_id
    shown = give(home(page), item_id, 4)

    give(shown, item_id, None)

    assert visitors.rated["0042"] == {}


def test_a_hidden_item_leaves_the_list_on_the_next_visit(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    shown.button(key=f"hide-picked-{first.item_id}").click().run()

    assert not shown.exception
    assert visitors.hidden["0042"] == [first.item_id]
    assert "won't be suggested again" in words(shown)
    again = home(page)
    assert first.title not in titles(again)[0]


def test_a_new_visitor_gets_an_id_with_the_first_rating(page: Page, visitors: Visitors) -> None:
    shown = home(page, choices.NEW_VISITOR)

    give(shown, shop.ITEMS[0].item_id, 5)

    assert shown.session_state["user"] == "n-1"
    assert visitors.rated["n-1"] == {shop.ITEMS[0].item_id: 5.0}


def test_a_visitor_can_start_as_a_new_user(page: Page, visitors: Visitors) -> None:
    shown = home(page)

    shown.button(key="start").click().run()

    assert not shown.exception
    assert shown.session_state["user"] == "n-1"
    assert visitors.n_created == 1
    assert "to get your own list" in words(shown)


def test_a_failed_write_is_retried_once_with_the_same_key(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str | None] = []
    write = Client.rate

    def flaky(self: Client, *args: object, **kwargs: object) -> object:
        keys.append(str(kwargs["idempotency_key"]))
        if len(keys) == 1:
            raise ApiUnavailableError("restarting")
        return write(self, *args, **kwargs)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Client, "rate", flaky)
    first = visitors.recommendations("0042", 20).items[0]

    give(home(page), first.item_id, 5)

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert visitors.rated["0042"] == {first.item_id: 5.0}


def test_a_rating_that_fails_is_reported_as_not_saved(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise ApiUnavailableError("secret-host")

    monkeypatch.setattr(Client, "rate", unavailable)
    item_id = visitors.recommendations("0042", 20).items[0].item_id

    shown = give(home(page), item_id, 5)

    assert ":red[Not saved.]" in words(shown)
    assert "secret-host" not in words(shown)
    assert shown.feedback(key=f"rate-picked-{item_id}").value is None


def test_the_item_page_shows_the_reason_and_saves_stars(page: Page, visitors: Visitors) -> None:
    visitors.rate("0042", shop.ITEMS[3].item_id, 5)
    shown = page(ITEM)
    shown.session_state["user"] = "0042"
    shown.query_params["id"] = shop.ITEMS[0].item_id
    shown.run()

    assert "#3 on your list" in words(shown).replace("\\", "")
    assert "Mostly because of your 5 stars for" in words(shown)
    give(shown, shop.ITEMS[0].item_id, 2, shelf="item")
    assert visitors.rated["0042"][shop.ITEMS[0].item_id] == 2.0
    assert "2 of 5" in words(shown)


def test_an_item_can_be_hidden_and_shown_again(page: Page, visitors: Visitors) -> None:
    shown = page(ITEM)
    shown.session_state["user"] = "0042"
    shown.query_params["id"] = shop.ITEMS[0].item_id
    shown.run()

    shown.button(key="hide").click().run()
    assert shown.button(key="hide").label == "Show again"
    shown.button(key="hide").click().run()

    assert not shown.exception
    assert visitors.hidden["0042"] == []


def test_ratings_can_be_changed_and_removed(page: Page, visitors: Visitors) -> None:
    item_id = shop.ITEMS[7].item_id
    visitors.rate("0042", item_id, 5)
    visitors.hide("0042", shop.ITEMS[8].item_id)
    shown = page(RATINGS)
    shown.session_state["user"] = "0042"
    shown.run()

    assert not shown.exception
    assert "Not interested" in words(shown)
    give(shown, item_id, 3, shelf="mine")
    assert visitors.rated["0042"][item_id] == 3.0
    shown.button(key=f"back-mine-{item_id}").click().run()
    shown.button(key=f"back-hidden-{shop.ITEMS[8].item_id}").click().run()
    assert visitors.rated["0042"] == {}
    assert visitors.hidden["0042"] == []


@pytest.mark.usefixtures("visitors")
def test_many_ratings_are_shown_in_pages(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    rated = Visitors().ratings("1990", 1).items[0]
    items = tuple(
        rated.model_copy(update={"item_id": item.item_id, "title": item.title})
        for item in shop.ITEMS[:30]
    )
    ratings = RatingsPage(user_id="1990", items=items, total=30, limit=1000, offset=0)
    monkeypatch.setattr(product_api, "ratings", lambda *_: fresh(ratings))

    shown = page(RATINGS).run()

    assert not shown.exception
    assert [button.label for button in shown.button].count("Remove rating") == 25


@pytest.mark.usefixtures("visitors")
def test_a_user_without_ratings_sees_what_to_do(page: Page) -> None:
    shown = page(RATINGS)
    shown.session_state["user"] = "n-9"
    shown.run()

    assert not shown.exception
    assert "You haven't rated any films yet" in words(shown)


def test_a_user_created_in_this_visit_can_delete_their_data(page: Page, visitors: Visitors) -> None:
    visitors.rate("n-1", shop.ITEMS[0].item_id, 5)
    shown = page(RATINGS)
    shown.session_state["user"] = "n-1"
    shown.session_state["tokens"] = {("playground", "n-1"): "token"}
    shown.run()

    shown.button(key="delete").click().run()

    assert not shown.exception
    assert "n-1" not in visitors.rated
    assert shown.session_state["user"] == choices.NEW_VISITOR
    assert "Your data was deleted (1 recorded action)" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_user_of_the_data_set_is_referred_to_the_operator(page: Page) -> None:
    shown = page(RATINGS)
    shown.session_state["user"] = "0042"
    shown.run()

    assert "contact the operator" in words(shown)
    assert "delete" not in {button.key for button in shown.button}


def test_a_user_created_in_another_visit_is_referred_to_the_operator(
    page: Page, visitors: Visitors
) -> None:
    visitors.rate("n-7", shop.ITEMS[0].item_id, 5)
    shown = page(RATINGS)
    shown.query_params["user"] = "n-7"
    shown.run()

    assert not shown.exception
    assert "1 film rated" in words(shown)
    assert "You started in another visit" in words(shown)
    assert [code.value for code in shown.code] == ["n-7"]
    assert "delete" not in {button.key for button in shown.button}


def test_a_users_cached_answers_can_be_cleared(visitors: Visitors) -> None:
    before = product_api.ratings("playground", "0042").value
    rated = {item.item_id for item in before.items}
    other = next(item for item in shop.ITEMS if item.item_id not in rated)
    visitors.rate("0042", other.item_id, 5)
    assert product_api.ratings("playground", "0042").value == before

    product_api.clear_user_answers()

    assert product_api.ratings("playground", "0042").value.total == before.total + 1
