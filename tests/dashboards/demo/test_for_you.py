from dataclasses import replace
from datetime import timedelta

import pytest
import streamlit as st

from dashboards import product_api
from dashboards.demo import shelves
from dashboards.demo.words import reasons
from dashboards.settings import NotSetUpError
from dashboards.text import esc
from serving.errors import (
    ApiError,
    ApiUnavailableError,
    KeyRefusedError,
    NoReleaseError,
    RequestRefusedError,
    UnknownDatasetError,
)
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, labels, posters, titles, words
from tests.support.dashboards.demo_pages import as_user
from tests.support.dashboards.visitors import Visitors

PAGE, SHORT = "demo/for_you.py", 12


@pytest.mark.usefixtures("visitors")
def test_items_are_shown_best_first(page: Page) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    best = shop.recommendations("0042", 30).items[:3]
    assert titles(shown)[:3] == [f"**{esc(item.title)}**" for item in best]
    assert esc(reasons.note(best[0])) in [caption.value for caption in shown.caption]


@pytest.mark.usefixtures("visitors")
def test_the_list_is_explained_by_kind_release_and_recipe(page: Page) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    text = words(shown)
    assert "Made for you" in text
    assert "Release 12, live since" in text
    assert esc("als_7f3a") in text
    assert "Best match first" in text


@pytest.mark.usefixtures("visitors")
def test_shelves_follow_from_the_likes_and_omit_rated_items(
    page: Page,
) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    user = shop.user("0042")
    assert user
    newest = max((item for item in user.rated if item.rating >= 4), key=lambda item: item.rated_at)
    text = words(shown)
    assert f"Because you liked {esc(newest.title)}" in text
    for shelf in ("Trending now", "Popular in", "More from Sarn Pictures", "New to you"):
        assert shelf in text
    seen, lower = {item.item_id for item in user.rated}, posters(shown)
    assert [len(shelf) for shelf in lower] == [SHORT, SHORT, SHORT, SHORT, 6]
    assert not seen & {item_id for shelf in lower for item_id in shelf}


@pytest.mark.usefixtures("visitors")
def test_without_vendors_the_favourite_decade_has_a_shelf(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = Visitors().ratings("0042", 100)
    bare = [item.model_copy(update={"vendor": None}) for item in ratings.items]
    likes = [item for item in bare if item.rating >= 4]
    decade = shelves.favourite_decade(likes)
    monkeypatch.setattr(
        product_api, "ratings", lambda *_: fresh(ratings.model_copy(update={"items": tuple(bare)}))
    )
    years: list[tuple[int, int]] = []

    def popular_in_years(_dataset: str, first: int, last: int, n: int) -> object:
        years.append((first, last))
        return fresh(shop.shelf(n, years=(first, last)))

    monkeypatch.setattr(product_api, "popular_in_years", popular_in_years)

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert decade
    assert years == [(decade, decade + 9)]
    assert f"More from the {decade}s" in words(shown)
    assert "More from Sarn Pictures" not in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_new_visitor_sees_what_most_users_like(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "New here? Rate a few films you know." in words(shown)
    assert "Popular with everyone" in words(shown)
    assert "Because you liked" not in words(shown)


@pytest.mark.usefixtures("visitors")
def test_the_licence_is_in_the_footer(page: Page) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert esc("Invented data; no rights reserved.") in shown.caption[-1].value


@pytest.mark.usefixtures("visitors")
def test_an_empty_list_is_explained(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = shop.recommendations("0042", 0)
    monkeypatch.setattr(product_api, "recommendations", lambda *_, **__: fresh(empty))

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert "No suggestions left" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_stale_answer_is_shown_with_its_age(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = fresh(shop.recommendations("0042", 30))
    old = replace(answer, at=answer.at - timedelta(minutes=7), stale=True)
    monkeypatch.setattr(product_api, "recommendations", lambda *_, **__: old)

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert "data from 7 min ago" in shown.warning[0].value
    assert labels(shown)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NoReleaseError("x"), "No recommendations yet"),
        (ApiUnavailableError("secret-host"), "is not responding"),
        (KeyRefusedError("x"), "rejected this app's key"),
        (UnknownDatasetError("x"), "not available"),
        (RequestRefusedError("x"), "not valid"),
        (NotSetUpError("x"), "not set up"),
        (ApiError("x"), "unexpected answer"),
    ],
)
@pytest.mark.usefixtures("visitors")
def test_an_error_is_explained(
    page: Page, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(product_api, "recommendations", fail)

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert text in words(shown)
    assert "secret-host" not in words(shown)
    assert labels(shown)[-1] == "Try again"
    assert not titles(shown)


@pytest.mark.usefixtures("visitors")
def test_try_again_repeats_the_request(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [ApiUnavailableError("x"), fresh(shop.recommendations("0042", 30))]
    cleared = []

    def recommendations(*_: object, **__: object) -> object:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    monkeypatch.setattr(product_api, "recommendations", recommendations)
    monkeypatch.setattr(st.cache_data, "clear", lambda: cleared.append(True))

    shown = as_user(page(PAGE), "0042").run()
    shown.button(key="again").click().run()

    assert not shown.exception
    assert cleared
    assert "Picked for you" in words(shown)
