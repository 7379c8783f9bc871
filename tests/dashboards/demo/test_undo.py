"""Undo, against an API on loopback."""

import pytest
import streamlit as st

from dashboards.demo import visit
from dashboards.identity.visitors import BROWSERS
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, keys, posters, words
from tests.support.dashboards.demo_pages import (
    ITEM,
    RATINGS,
    as_user,
    give,
    home,
    own_user,
    press,
    state,
    view_as,
)
from tests.support.dashboards.visitors import Visitors


@pytest.mark.parametrize("action", ["rate", "rate again", "clear", "hide"])
def test_undo_restores_what_was_there_before(page: Page, visitors: Visitors, action: str) -> None:
    item_id = visitors.recommendations("0042", 20).items[2].item_id
    shown = home(page)
    if action != "rate":
        give(shown, item_id, 3)
    before = state(visitors)

    if action == "hide":
        press(shown, f"hide-picked-{item_id}")
    else:
        give(shown, item_id, None if action == "clear" else 5)
    assert state(visitors) != before
    press(shown, "undo")

    assert state(visitors) == before
    assert ("neither rated nor hidden" if action == "rate" else "3 stars again") in words(shown)
    assert "undo" not in keys(shown)
    value = shown.feedback(key=f"rate-picked-{item_id}").value
    assert value == (None if action == "rate" else 2)


@pytest.mark.parametrize("name", [ITEM, RATINGS])
def test_every_page_undoes_a_removed_rating_and_a_hide(
    page: Page, visitors: Visitors, name: str
) -> None:
    item_id = shop.ITEMS[7].item_id
    visitors.rate("0042", item_id, 4)
    shown = page(name)
    as_user(shown, "0042")
    shown.query_params["id"] = item_id
    shown.run()
    before = state(visitors)

    if name == RATINGS:
        press(shown, f"back-mine-{item_id}")
    else:
        give(shown, item_id, None, shelf="item")
    assert state(visitors) == ({}, [])
    press(shown, "undo")

    assert state(visitors) == before
    assert "has your 4 stars again" in words(shown)
    if name == ITEM:
        press(press(shown, "hide"), "undo")
        assert state(visitors) == before


def test_undo_acts_for_the_user_who_did_it(page: Page, visitors: Visitors) -> None:
    item_id = visitors.recommendations("0042", 20).items[2].item_id
    visitors.rate("1990", item_id, 2)
    shown = give(home(page), item_id, 4)
    undo = shown.session_state["message"].acts

    view_as(shown, "1990")
    assert "undo" not in keys(shown)  # the note belongs to the other user
    shown.session_state["message"] = visit.Message("as if in another tab", undo)
    press(shown.run(), "undo")

    assert visitors.rated == {"0042": {}, "1990": {item_id: 2.0}}


@pytest.mark.parametrize("button", ["undo", "show"])
def test_a_tab_undoes_nothing_of_another_user_after_its_operator_signed_out(
    page: Page, visitors: Visitors, button: str
) -> None:
    item_id = visitors.recommendations("0042", 20).items[2].item_id
    shown = press(home(page), f"hide-picked-{item_id}")
    before = state(visitors)

    BROWSERS.sign_out(shown.session_state["browser"])
    press(shown, "undo" if button == "undo" else f"show-picked-{item_id}")

    assert state(visitors) == before
    assert own_user(shown) not in visitors.hidden


def test_undo_changes_nothing_if_another_tab_changed_the_rating(
    page: Page, visitors: Visitors
) -> None:
    item_id = visitors.recommendations("0042", 20).items[2].item_id
    shown = give(home(page), item_id, 4)
    visitors.rate("0042", item_id, 1)

    press(shown, "undo")

    assert visitors.rated["0042"] == {item_id: 1.0}
    assert "Nothing was undone" in words(shown)
    assert shown.feedback(key=f"rate-picked-{item_id}").value == 0


def test_the_last_action_is_not_shown_on_the_next_page(page: Page, visitors: Visitors) -> None:
    item_id = visitors.recommendations("0042", 20).items[2].item_id
    shown = give(home(page), item_id, 4)
    other = page(ITEM)
    for name in ("browser", "visit", "message"):
        other.session_state[name] = shown.session_state[name]
    other.query_params["id"] = shop.ITEMS[0].item_id
    other.run()

    assert not other.exception
    assert "You gave" not in words(other)
    assert "undo" not in keys(other)


def test_a_hidden_card_says_so_and_can_be_shown_at_its_place(
    page: Page, visitors: Visitors
) -> None:
    item_id = visitors.recommendations("0042", 20).items[1].item_id
    shown = give(home(page), item_id, 4)
    before = state(visitors)

    press(shown, f"hide-picked-{item_id}")

    assert "Hidden" in [caption.value for caption in shown.caption]
    assert f"hide-picked-{item_id}" not in keys(shown)
    press(shown, f"show-picked-{item_id}")
    assert state(visitors) == before
    assert "Hidden" not in [caption.value for caption in shown.caption]


def test_what_was_just_rated_leaves_the_other_shelves(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    item_id = next(i for i in posters(shown)[1] if i in {x.item_id for x in shop.ITEMS[20:]})
    visitors.rate("0042", item_id, 5)
    shown.session_state["touched"] = {item_id: None}
    st.cache_data.clear()
    shown.run()

    assert not shown.exception
    assert item_id not in {i for shelf in posters(shown) for i in shelf}


def test_showing_a_hidden_item_again_keeps_its_rating(page: Page, visitors: Visitors) -> None:
    item_id = shop.ITEMS[7].item_id
    visitors.rate("0042", item_id, 4)
    visitors.hide("0042", item_id)
    shown = page(RATINGS)
    as_user(shown, "0042")
    shown.run()

    press(shown, f"back-hidden-{item_id}")

    assert state(visitors) == ({item_id: 4.0}, [])
    press(shown, "undo")
    assert state(visitors) == ({item_id: 4.0}, [item_id])
