from dataclasses import replace
from datetime import timedelta

import pytest

from dashboards import product_api
from dashboards.choices import NEW_VISITOR
from dashboards.demo import reasons, shelves
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
from tests.support.dashboards.visitors import Visitors

PAGE, SHORT = "demo/for_you.py", 12


@pytest.mark.usefixtures("demo")
def test_shows_the_items_best_first(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    best = shop.recommendations("0042", 30).items[:3]
    assert titles(shown)[:3] == [f"**{esc(each.title)}**" for each in best]
    assert esc(reasons.note(best[0])) in [caption.value for caption in shown.caption]


@pytest.mark.usefixtures("demo")
def test_an_id_that_is_typed_is_looked_up_as_it_is(page: Page) -> None:
    shown = page(PAGE).run()

    shown.selectbox(key="user").set_value("1990").run()

    assert not shown.exception
    assert "14 films rated" in words(shown)


@pytest.mark.usefixtures("demo")
def test_says_why_release_recipe_and_kind(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    said = words(shown)
    assert "Made for this person" in said
    assert "Release 12, live since" in said
    assert esc("als-7f3a") in said
    assert "Own list" in said


@pytest.mark.usefixtures("demo")
def test_shelves_follow_from_what_the_person_liked_and_hold_nothing_that_he_rated(
    page: Page,
) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    person = shop.person("0042")
    assert person
    newest = max((item for item in person.rated if item.rating >= 4), key=lambda i: i.rated_at)
    said = words(shown)
    assert f"Because you liked {esc(newest.title)}" in said
    for shelf in ("Trending now", "Best-sellers in", "More from Sarn Pictures", "New to you"):
        assert shelf in said
    seen, lower = {item.item_id for item in person.rated}, posters(shown)
    assert [len(shelf) for shelf in lower] == [SHORT, SHORT, SHORT, SHORT, 6]
    assert not seen & {item_id for shelf in lower for item_id in shelf}


@pytest.mark.usefixtures("demo")
def test_where_no_vendor_is_named_the_decade_he_likes_most_has_a_shelf(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    his = Visitors().ratings("0042", 100)
    bare = [item.model_copy(update={"vendor": None}) for item in his.items]
    likes = [item for item in bare if item.rating >= 4]
    decade = shelves.favourite_decade(likes)
    monkeypatch.setattr(
        product_api, "ratings", lambda *_: fresh(his.model_copy(update={"items": tuple(bare)}))
    )
    asked: list[tuple[int, int]] = []

    def of_years(_dataset: str, first: int, last: int, n: int) -> object:
        asked.append((first, last))
        return fresh(shop.shelf(n, years=(first, last)))

    monkeypatch.setattr(product_api, "popular_in_years", of_years)

    shown = page(PAGE).run()

    assert not shown.exception
    assert decade
    assert asked == [(decade, decade + 9)]
    assert f"More from the {decade}s" in words(shown)
    assert "More from Sarn Pictures" not in words(shown)


@pytest.mark.usefixtures("demo")
def test_a_stranger_is_told_that_this_is_what_everybody_likes(page: Page) -> None:
    shown = page(PAGE).run()

    shown.selectbox(key="user").set_value(NEW_VISITOR).run()

    assert not shown.exception
    assert "This is what everybody likes" in shown.info[0].value
    assert "What everybody likes" in words(shown)
    assert "Because you liked" not in words(shown)


@pytest.mark.usefixtures("demo")
def test_the_licence_stands_below(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert esc("Invented data; no rights reserved.") in shown.caption[-1].value


@pytest.mark.usefixtures("demo")
def test_an_empty_list_is_said_to_be_empty(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = shop.recommendations("0042", 0)
    monkeypatch.setattr(product_api, "recommendations", lambda *_: fresh(nothing))

    shown = page(PAGE).run()

    assert not shown.exception
    assert "This list is empty" in words(shown)


@pytest.mark.usefixtures("demo")
def test_an_old_answer_is_shown_with_its_age(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = fresh(shop.recommendations("0042", 30))
    old = replace(answer, at=answer.at - timedelta(minutes=7), stale=True)
    monkeypatch.setattr(product_api, "recommendations", lambda *_: old)

    shown = page(PAGE).run()

    assert not shown.exception
    assert "7 min old" in shown.warning[0].value
    assert labels(shown)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoReleaseError("x"), "Nothing is released yet"),
        (ApiUnavailableError("secret-host"), "does not answer"),
        (KeyRefusedError("x"), "key of this app was refused"),
        (UnknownDatasetError("x"), "not served"),
        (RequestRefusedError("x"), "can't be asked"),
        (product_api.NotSetUpError("x"), "not set up"),
        (ApiError("x"), "could not be read"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_an_error_is_told_in_words(
    page: Page, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(product_api, "recommendations", fail)

    shown = page(PAGE).run()

    assert not shown.exception
    assert said in words(shown)
    assert "secret-host" not in words(shown)
    assert labels(shown)[-1] == "Try again"
    assert not titles(shown)


@pytest.mark.usefixtures("demo")
def test_trying_again_asks_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [ApiUnavailableError("x"), fresh(shop.recommendations("0042", 30))]
    forgotten = []

    def answer(*_: object) -> object:
        if isinstance(found := answers.pop(0), Exception):
            raise found
        return found

    monkeypatch.setattr(product_api, "recommendations", answer)
    monkeypatch.setattr(product_api, "clear_answers", lambda: forgotten.append(True))

    shown = page(PAGE).run()
    shown.button(key="again").click().run()

    assert not shown.exception
    assert forgotten
    assert "Picked for you" in words(shown)
