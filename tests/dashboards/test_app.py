import pytest
import streamlit as st

from dashboards import product_api
from serving.errors import NoReleaseError
from tests.support.dashboards.app_pages import Page, words
from tests.support.dashboards.demo_pages import own_user
from tests.support.dashboards.visitors import Visitors

PAGE = "app.py"


@pytest.mark.usefixtures("visitors")
def test_the_app_opens_with_what_most_users_like(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE).run()

    assert not shown.exception
    assert "Popular with everyone" in words(shown)
    assert not shown.selectbox


@pytest.mark.usefixtures("visitors")
def test_two_data_sets_have_a_switch_and_links_choose_one(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {"playground": "Playground", "books": "Books"}
    monkeypatch.setattr(product_api, "released_titles", lambda: titles)
    shown = page(PAGE)
    shown.query_params["dataset"] = "books"

    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="dataset").value == "books"


@pytest.mark.usefixtures("visitors")
def test_consumers_do_not_see_data_sets_without_a_release(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {"books": "books", "playground": "Playground"}
    answer = product_api.about("playground")

    def about(dataset: str) -> object:
        if dataset == "books":
            raise NoReleaseError
        return answer

    monkeypatch.setattr(product_api, "datasets", lambda: tuple(titles))
    monkeypatch.setattr(product_api, "titles", lambda: titles)
    monkeypatch.setattr(product_api, "about", about)
    assert product_api.released_titles() == {"playground": "Playground"}

    shown = page(PAGE)
    shown.query_params["dataset"] = "books"
    shown.run()

    assert not shown.exception
    assert "Popular with everyone" in words(shown)
    assert not shown.selectbox
    monkeypatch.setattr(product_api, "datasets", lambda: ("books",))
    monkeypatch.setattr(product_api, "titles", lambda: {"books": "books"})
    assert product_api.released_titles() == {"books": "books"}


def test_an_app_that_is_not_set_up_says_so(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "not set up" in words(shown)


@pytest.mark.parametrize("query", [{}, {"dataset": "playground"}])
def test_the_menu_of_a_data_set_without_ratings_names_the_users_data(
    page: Page, visitors: Visitors, query: dict[str, str]
) -> None:
    visitors.rates = False
    shown = page(PAGE)
    for name, value in query.items():
        shown.query_params[name] = value

    shown.run()

    assert not shown.exception
    links = [link.proto.label for link in shown.get("page_link")]
    assert links[:4] == ["For you", "Browse", "Basket", "My data"]


def test_the_menu_has_the_number_of_pieces_in_the_basket(page: Page, visitors: Visitors) -> None:
    visitors.rates = False
    shown = page(PAGE).run()
    user_id = own_user(shown)
    event = {"user_id": user_id, "kind": "cart"}
    visitors.events([event | {"item_id": "i001", "value": 2}, event | {"item_id": "i002"}])
    st.cache_data.clear()

    shown.run()

    assert not shown.exception
    assert "Basket (3)" in [link.proto.label for link in shown.get("page_link")]


@pytest.mark.usefixtures("visitors")
def test_consumers_see_a_bar_without_the_console(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE)
    shown.query_params["dataset"] = "playground"
    shown.run()

    assert not shown.exception
    links = [link.proto for link in shown.get("page_link")]
    assert [link.label for link in links[:3]] == ["For you", "Browse", "My ratings"]
    assert {link.query_string for link in links[:3]} == {"dataset=playground"}
    assert "Overview" not in {link.label for link in links}
    assert not shown.sidebar.children
    assert links[3].label == "Console"
    assert links[3].query_string == "dataset=playground"
    assert links[-1].label == ":gray[For operators]"
