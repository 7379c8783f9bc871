"""Rating, hiding, taking back and being forgotten, against an API on loopback."""

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


def give(shown: AppTest, item_id: str, stars: int | None, place: str = "picked") -> AppTest:
    shown.feedback(key=f"rate-{place}-{item_id}").set_value(stars and stars - 1).run()
    assert not shown.exception
    return shown


def test_a_rating_is_written_and_the_list_changes_at_once(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    give(shown, first.item_id, 5)

    assert visitors.rated["0042"] == {first.item_id: 5.0}
    said = words(shown)
    assert "5 stars" in said
    assert "Your list changed" in said
    assert ":green-badge[:material/bolt: Live]" in said
    assert "Because you rated" in said
    assert titles(shown)[0].strip("*") == first.title  # it does not go away under the pointer


def test_a_rating_can_be_undone(page: Page, visitors: Visitors) -> None:
    shown = give(home(page), visitors.recommendations("0042", 20).items[2].item_id, 4)

    shown.button(key="undo").click().run()

    assert not shown.exception
    assert visitors.rated["0042"] == {}
    assert "as if you had said nothing" in words(shown)


def test_stars_that_are_cleared_take_the_rating_back(page: Page, visitors: Visitors) -> None:
    item_id = visitors.recommendations("0042", 20).items[0].item_id
    shown = give(home(page), item_id, 4)

    give(shown, item_id, None)

    assert visitors.rated["0042"] == {}


def test_what_is_hidden_leaves_the_list_with_the_next_visit(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    shown.button(key=f"hide-picked-{first.item_id}").click().run()

    assert not shown.exception
    assert visitors.hidden["0042"] == [first.item_id]
    assert "off your lists" in words(shown)
    again = home(page)
    assert first.title not in titles(again)[0]


def test_somebody_new_gets_an_id_with_his_first_rating(page: Page, visitors: Visitors) -> None:
    shown = home(page, choices.NEW_VISITOR)

    give(shown, shop.ITEMS[0].item_id, 5)

    assert shown.session_state["user"] == "n-1"
    assert visitors.rated["n-1"] == {shop.ITEMS[0].item_id: 5.0}


def test_one_may_start_as_somebody_new(page: Page, visitors: Visitors) -> None:
    shown = home(page)

    shown.button(key="start").click().run()

    assert not shown.exception
    assert shown.session_state["user"] == "n-1"
    assert visitors.n_new == 1
    assert "this page becomes yours" in words(shown)


def test_a_write_that_meets_a_restart_is_tried_again_with_the_same_key(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str | None] = []
    write = Client.rate

    def flaky(self: Client, *of: object, **given: object) -> object:
        keys.append(str(given["idempotency_key"]))
        if len(keys) == 1:
            raise ApiUnavailableError("restarting")
        return write(self, *of, **given)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(Client, "rate", flaky)
    first = visitors.recommendations("0042", 20).items[0]

    give(home(page), first.item_id, 5)

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert visitors.rated["0042"] == {first.item_id: 5.0}


def test_a_rating_that_is_not_saved_is_said_not_to_be(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ApiUnavailableError("secret-host")

    monkeypatch.setattr(Client, "rate", away)
    item_id = visitors.recommendations("0042", 20).items[0].item_id

    shown = give(home(page), item_id, 5)

    assert ":red[Not saved]" in words(shown)
    assert "secret-host" not in words(shown)
    assert shown.feedback(key=f"rate-picked-{item_id}").value is None


def test_the_page_of_an_item_says_why_and_takes_stars(page: Page, visitors: Visitors) -> None:
    visitors.rate("0042", shop.ITEMS[3].item_id, 5)
    shown = page(ITEM)
    shown.session_state["user"] = "0042"
    shown.query_params["id"] = shop.ITEMS[0].item_id
    shown.run()

    assert "No. 3 on the list" in words(shown).replace("\\", "")
    assert "Mostly because you gave" in words(shown)
    give(shown, shop.ITEMS[0].item_id, 2, place="item")
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


def test_my_ratings_can_be_changed_and_taken_back(page: Page, visitors: Visitors) -> None:
    item_id = shop.ITEMS[7].item_id
    visitors.rate("0042", item_id, 5)
    visitors.hide("0042", shop.ITEMS[8].item_id)
    shown = page(RATINGS)
    shown.session_state["user"] = "0042"
    shown.run()

    assert not shown.exception
    assert "Not interested" in words(shown)
    give(shown, item_id, 3, place="mine")
    assert visitors.rated["0042"][item_id] == 3.0
    shown.button(key=f"back-mine-{item_id}").click().run()
    shown.button(key=f"back-hidden-{shop.ITEMS[8].item_id}").click().run()
    assert visitors.rated["0042"] == {}
    assert visitors.hidden["0042"] == []


@pytest.mark.usefixtures("demo")
def test_who_rated_much_turns_pages(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Visitors().ratings("1990", 1).items[0]
    many = tuple(
        few.model_copy(update={"item_id": item.item_id, "title": item.title})
        for item in shop.ITEMS[:30]
    )
    found = RatingsPage(user_id="1990", items=many, total=30, limit=1000, offset=0)
    monkeypatch.setattr(product_api, "ratings", lambda *_: fresh(found))

    shown = page(RATINGS).run()

    assert not shown.exception
    assert [b.label for b in shown.button].count("Take back") == 25


def test_who_rated_nothing_is_told_what_to_do(page: Page, visitors: Visitors) -> None:
    assert visitors
    shown = page(RATINGS)
    shown.session_state["user"] = "n-9"
    shown.run()

    assert not shown.exception
    assert "You have not rated a film yet" in words(shown)


def test_who_began_here_can_be_forgotten(page: Page, visitors: Visitors) -> None:
    visitors.rate("n-1", shop.ITEMS[0].item_id, 5)
    shown = page(RATINGS)
    shown.session_state["user"] = "n-1"
    shown.session_state["tokens"] = {("playground", "n-1"): "token"}
    shown.run()

    shown.button(key="forget").click().run()

    assert not shown.exception
    assert "n-1" not in visitors.rated
    assert shown.session_state["user"] == choices.NEW_VISITOR
    assert "You are forgotten" in words(shown)


def test_who_began_elsewhere_is_told_who_may_forget_him(page: Page, visitors: Visitors) -> None:
    assert visitors
    shown = page(RATINGS)
    shown.session_state["user"] = "0042"
    shown.run()

    assert "forgotten by an operator" in words(shown)
    assert "forget" not in {button.key for button in shown.button}


def test_whose_visit_is_over_is_told_that_his_token_is_gone_and_who_can_forget_him(
    page: Page, visitors: Visitors
) -> None:
    visitors.rate("n-7", shop.ITEMS[0].item_id, 5)
    shown = page(RATINGS)
    shown.query_params["user"] = "n-7"
    shown.run()

    assert not shown.exception
    assert "1 film rated" in words(shown)
    assert "nobody has it any more" in words(shown)
    assert [code.value for code in shown.code] == ["n-7"]
    assert "forget" not in {button.key for button in shown.button}


def test_what_is_remembered_of_a_person_is_asked_again_after_a_write(visitors: Visitors) -> None:
    known = product_api.ratings("playground", "0042").value
    rated = {item.item_id for item in known.items}
    other = next(item for item in shop.ITEMS if item.item_id not in rated)
    visitors.rate("0042", other.item_id, 5)
    assert product_api.ratings("playground", "0042").value == known

    product_api.clear_user_answers()

    assert product_api.ratings("playground", "0042").value.total == known.total + 1
