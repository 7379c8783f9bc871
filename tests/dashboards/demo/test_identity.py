"""Who a visitor is, against an API on loopback."""

import pytest

from dashboards.identity import visitors as identity
from dashboards.identity.signing import Signer, new_browser
from dashboards.identity.visitors import BROWSERS, renewed
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, keys, titles, words
from tests.support.dashboards.demo_pages import (
    HOME,
    ITEM,
    RATINGS,
    SECRET,
    as_user,
    give,
    own_user,
    press,
)
from tests.support.dashboards.visitors import Visitors

FIRST = shop.ITEMS[0].item_id


@pytest.mark.parametrize("address", [{}, {"user": "0042"}, {"user": "n-another", "person": "1"}])
def test_a_visitor_is_a_new_user_of_their_own_whatever_the_address_says(
    page: Page, visitors: Visitors, address: dict[str, str]
) -> None:
    shown = page(HOME)
    for name, value in address.items():
        shown.query_params[name] = value
    shown.run()

    assert not shown.exception
    assert "New here? Rate a few films you know." in words(shown)
    assert not shown.selectbox
    give(shown, FIRST, 5)

    assert visitors.rated == {own_user(shown): {FIRST: 5.0}}
    assert visitors.registered.keys() == {own_user(shown)}
    assert not {"0042", "n-another", "1"} & visitors.rated.keys()


@pytest.mark.usefixtures("visitors")
def test_two_visitors_are_two_users(page: Page) -> None:
    assert own_user(page(HOME).run()) != own_user(page(HOME).run())


def test_a_visitor_deletes_their_data_and_goes_on_as_a_new_user(
    page: Page, visitors: Visitors
) -> None:
    shown = give(page(HOME).run(), FIRST, 5)
    before, browser = own_user(shown), shown.session_state["browser"]
    ratings = page(RATINGS)
    ratings.session_state["browser"] = browser
    ratings.run()

    press(ratings, "delete")

    assert before not in visitors.rated
    assert "Your data was deleted (1 recorded action)" in words(ratings)
    assert "user" not in ratings.query_params
    after = own_user(ratings)
    assert after != before
    give(shown.run(), shop.ITEMS[1].item_id, 4)  # in another tab
    assert visitors.rated == {after: {shop.ITEMS[1].item_id: 4.0}}


def test_a_visitor_whose_user_was_erased_elsewhere_is_a_new_user(
    page: Page, visitors: Visitors
) -> None:
    shown = page(HOME).run()
    erased = own_user(shown)
    visitors.erased.add(erased)  # and the app was restarted since

    give(shown, FIRST, 5)

    assert own_user(shown) != erased
    assert visitors.rated == {own_user(shown): {FIRST: 5.0}}
    assert "5 stars" in words(shown)


def test_only_an_operator_chooses_a_user(page: Page, visitors: Visitors) -> None:
    shown = as_user(page(HOME), "0042").run()
    assert "Picked for you" in words(shown)
    shown.selectbox(key="view-as").set_value("1990").run()

    assert not shown.exception
    assert "14 films rated" in words(shown)
    assert "user" not in shown.query_params
    shown.selectbox(key="view-as").set_value("").run()
    assert "Popular with everyone" in words(shown)

    browser = shown.session_state["browser"]
    BROWSERS.view_as(browser, "0042")
    BROWSERS.sign_out(browser)
    shown.run()
    assert not shown.selectbox
    assert "Popular with everyone" in words(shown)
    assert visitors.rated == {}


@pytest.mark.usefixtures("visitors")
def test_who_is_seen_as_which_user_is_recorded_or_not_possible(page: Page) -> None:
    written = list[tuple[str, str]]()

    def record(dataset: str, user_id: str) -> bool:
        written.append((dataset, user_id))
        return user_id != "1990"

    shown = as_user(page(HOME), "0042", record=record).run()
    assert "Picked for you" in words(shown)
    assert set(written) == {("playground", "0042")}
    assert len(written) == 1

    shown.selectbox(key="view-as").set_value("1990").run()

    assert not shown.exception
    assert "Popular with everyone" in words(shown)
    assert shown.selectbox(key="view-as").value == ""
    assert "The activity log is not available" in shown.toast[0].value
    assert written[1:] == [("playground", "1990")]


@pytest.mark.usefixtures("visitors")
def test_an_operator_cannot_delete_another_users_data_on_their_page(page: Page) -> None:
    shown = as_user(page(RATINGS), "0042").run()

    assert "delete" not in keys(shown)
    assert [code.value for code in shown.code] == ["0042"]


def test_the_number_of_changes_in_an_hour_is_limited(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITOR_ACTIONS_PER_HOUR", "2")
    shown = page(HOME).run()
    for stars in (3, 4, 5):
        give(shown, FIRST, stars)

    assert visitors.rated[own_user(shown)] == {FIRST: 4.0}
    assert "limit of changes" in words(shown)
    other = page(ITEM)
    other.query_params["id"] = FIRST
    give(other.run(), FIRST, 2, shelf="item")  # another visitor
    assert visitors.rated[own_user(other)] == {FIRST: 2.0}


@pytest.mark.usefixtures("visitors")
def test_the_cookie_makes_a_visitor_the_same_user_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = renewed(None)
    assert cookie is not None
    assert renewed(cookie) is None
    forged = cookie[:-2] + "xx"
    assert renewed(forged) not in {None, forged}

    signer = Signer(SECRET)
    browser = signer.browser(cookie)
    assert browser is not None
    monkeypatch.setattr(identity, "_cookie", lambda: cookie)
    shown = page(HOME).run()
    assert "browser" not in shown.session_state
    give(shown, FIRST, 5)
    rated = titles(page(HOME).run())
    assert "1 film rated" in words(page(HOME).run())
    assert rated

    new = BROWSERS.leave(browser)
    assert signer.browser(renewed(cookie)) == new
    assert "1 film rated" not in words(page(HOME).run())
    assert signer.browser(signer.cookie(new_browser())) not in {browser, new}
