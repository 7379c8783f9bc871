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
from serving.schemas import Placement
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import (
    Page,
    fresh,
    keys,
    labels,
    posters,
    titles,
    words,
)
from tests.support.dashboards.demo_pages import as_user, give
from tests.support.dashboards.fake_api import fake_api
from tests.support.dashboards.fake_placements import DEFAULT, HOSTILE, FakePlacements
from tests.support.dashboards.visitors import Visitors

PAGE, SHORT = "demo/for_you.py", 12


def home_of(user_id: str) -> Placement:
    home = FakePlacements().answer("home", {"user_id": user_id}, Visitors())
    assert home
    return home


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


def test_the_page_has_the_shelves_of_the_placement_in_its_order_and_below_those_of_the_taste(
    page: Page, visitors: Visitors
) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    rated = visitors.ratings("0042", 100).items
    newest = max((item for item in rated if item.rating >= 4), key=lambda item: item.rated_at)
    headings = [heading.value for heading in shown.subheader]
    assert headings[:4] == [
        "Picked for you",
        esc(HOSTILE),
        f"Because you liked {esc(newest.title)}",
        "More from Sarn Pictures",
    ]
    assert headings[4].startswith(esc("New to you: ").rstrip())
    of_placement, *below = posters(shown)
    assert len(of_placement) == DEFAULT[1].limit
    assert {len(shelf) for shelf in below} <= set(range(1, SHORT + 1))


def test_no_item_is_on_two_shelves_of_the_placement_or_below_it_again(
    page: Page, visitors: Visitors
) -> None:
    shown = as_user(page(PAGE), "0042").run()

    rated = {item.item_id for item in visitors.ratings("0042", 100).items}
    own = {key.removeprefix("hide-picked-") for key in keys(shown) if key and "hide-" in key}
    assert len(own) == 20
    of_placement, *below = posters(shown)
    assert not own & {*of_placement}
    assert not (own | {*of_placement} | rated) & {i for shelf in below for i in shelf}


@pytest.mark.usefixtures("visitors")
def test_what_an_operator_composes_is_on_the_page(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    placements = FakePlacements()
    with fake_api(placements=placements) as url:
        monkeypatch.setenv("DEMO_API_URL", url)
        shown = as_user(page(PAGE), "0042").run()
        body = {"instead_of": 1, "reason": "x", "shelves": [
            {"title": "Just in", "source": "new", "limit": 4},
            {"title": "For *you* first", "source": "for_you", "limit": 5},
            {"title": "And for you", "source": "for_you", "limit": 3},
            {"title": "Bought before", "source": "again"},
        ]}  # fmt: skip
        placements.replace("home", body, "ada")
        product_api.placement.clear()
        shown.run()

    assert not shown.exception
    headings = [heading.value for heading in shown.subheader]
    assert headings[:3] == ["Just in", esc("For *you* first"), "And for you"]
    assert "Bought before" not in headings  # it is empty
    assert [len(shelf) for shelf in posters(shown)[:2]] == [4, 3]
    assert len(shown.get("feedback")) == 5


@pytest.mark.usefixtures("visitors")
def test_without_a_list_of_the_user_the_first_shelf_has_the_stars(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    placements = FakePlacements()
    body = {"instead_of": 1, "reason": "x", "shelves": [{"title": "Hits", "source": "trending"}]}
    placements.replace("home", body, "ada")
    with fake_api(placements=placements) as url:
        monkeypatch.setenv("DEMO_API_URL", url)
        shown = as_user(page(PAGE), "0042").run()
        assert not shown.exception
        assert len(shown.get("feedback")) == 12
        assert "Why this list" not in words(shown)
        item_id = next(key for key in keys(shown) if key and "hide-picked-" in key)[12:]

        give(shown, item_id, 5)

    assert "5 stars. Saved." in words(shown)


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
    assert "Picked for you" not in words(shown)
    assert "Because you liked" not in words(shown)


@pytest.mark.usefixtures("visitors")
def test_the_licence_is_in_the_footer(page: Page) -> None:
    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert esc("Invented data; no rights reserved.") in shown.caption[-1].value


@pytest.mark.usefixtures("visitors")
def test_a_placement_without_items_is_explained(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = home_of("0042").model_copy(update={"shelves": ()})
    monkeypatch.setattr(product_api, "placement", lambda *_, **__: fresh(empty))

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert "No suggestions left" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_stale_answer_is_shown_with_its_age(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = fresh(home_of("0042"))
    old = replace(answer, at=answer.at - timedelta(minutes=7), stale=True)
    monkeypatch.setattr(product_api, "placement", lambda *_, **__: old)

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

    monkeypatch.setattr(product_api, "placement", fail)

    shown = as_user(page(PAGE), "0042").run()

    assert not shown.exception
    assert text in words(shown)
    assert "secret-host" not in words(shown)
    assert labels(shown)[-1] == "Try again"
    assert not titles(shown)


@pytest.mark.usefixtures("visitors")
def test_try_again_repeats_the_request(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [ApiUnavailableError("x"), fresh(home_of("0042"))]
    cleared = []

    def placement(*_: object, **__: object) -> object:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    monkeypatch.setattr(product_api, "placement", placement)
    monkeypatch.setattr(st.cache_data, "clear", lambda: cleared.append(True))

    shown = as_user(page(PAGE), "0042").run()
    shown.button(key="again").click().run()

    assert not shown.exception
    assert cleared
    assert "Picked for you" in words(shown)
