import pytest

from dashboards import product_api
from tests.support.dashboards.app_pages import Page, words

PAGE = "app.py"


@pytest.mark.usefixtures("visitors")
def test_the_app_opens_with_the_list_of_one_user(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE).run()

    assert not shown.exception
    assert "Picked for you" in words(shown)
    assert [box.key for box in shown.selectbox] == ["user"]


@pytest.mark.usefixtures("visitors")
def test_two_data_sets_have_a_switch_and_links_choose_one(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {"playground": "Playground", "books": "Books"}
    monkeypatch.setattr(product_api, "titles", lambda: titles)
    shown = page(PAGE)
    shown.query_params["dataset"] = "books"

    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="dataset").value == "books"


@pytest.mark.usefixtures("visitors")
def test_a_link_can_choose_the_user(page: Page) -> None:
    shown = page("demo/for_you.py")
    shown.query_params["user"] = "1990"

    shown.run()

    assert not shown.exception
    assert "14 films rated" in words(shown)


def test_an_app_that_is_not_set_up_says_so(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "not set up" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_consumers_see_a_bar_without_the_console(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE)
    shown.query_params["user"] = "1990"
    shown.run()

    assert not shown.exception
    links = [link.proto for link in shown.get("page_link")]
    assert [link.label for link in links[:3]] == ["For you", "Browse", "My ratings"]
    assert {link.query_string for link in links[:3]} == {"user=1990"}
    assert "Overview" not in {link.label for link in links}
    assert not shown.sidebar.children
    assert links[-1].label == ":gray[For operators]"


@pytest.mark.usefixtures("visitors")
def test_the_chosen_user_is_in_the_address(page: Page) -> None:
    shown = page("demo/for_you.py").run()

    assert "user" not in shown.query_params
    for chosen in ("0107", "0042"):
        shown.selectbox(key="user").set_value(chosen).run()
        assert shown.query_params["user"] == chosen


@pytest.mark.usefixtures("visitors")
def test_a_changed_address_overrides_the_choice(page: Page) -> None:
    shown = page("demo/for_you.py").run()
    shown.selectbox(key="user").set_value("0107").run()

    shown.query_params["user"] = "1990"
    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="user").value == "1990"
    assert "14 films rated" in words(shown)
