import pytest

from dashboards import product_api
from tests.support.dashboards.app_pages import Page, words

PAGE = "app.py"


@pytest.mark.usefixtures("demo")
def test_the_app_opens_with_the_list_of_one_person(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE).run()

    assert not shown.exception
    assert "Picked for you" in words(shown)
    assert [box.key for box in shown.selectbox] == ["user"]


@pytest.mark.usefixtures("demo")
def test_with_two_data_sets_there_is_a_switch_and_links_choose(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {"playground": "Playground", "books": "Books"}
    monkeypatch.setattr(product_api, "titles", lambda: titles)
    shown = page(PAGE)
    shown.query_params["dataset"] = "books"

    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="dataset").value == "books"


@pytest.mark.usefixtures("demo")
def test_a_link_may_name_the_person(page: Page) -> None:
    shown = page("demo/for_you.py")
    shown.query_params["user"] = "1990"

    shown.run()

    assert not shown.exception
    assert "14 films rated" in words(shown)


def test_before_any_set_up_the_app_says_so(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "not set up" in words(shown)


@pytest.mark.usefixtures("demo")
def test_consumers_have_a_bar_and_the_console_is_not_in_their_way(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_api, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE)
    shown.query_params["user"] = "1990"
    shown.run()

    assert not shown.exception
    links = [each.proto for each in shown.get("page_link")]
    assert [link.label for link in links[:3]] == ["For you", "Browse", "My ratings"]
    assert {link.query_string for link in links[:3]} == {"user=1990"}
    assert "Overview" not in {link.label for link in links}
    assert not shown.sidebar.children
    assert links[-1].label == ":gray[For operators]"


@pytest.mark.usefixtures("demo")
def test_whoever_is_chosen_stands_in_the_address(page: Page) -> None:
    shown = page("demo/for_you.py").run()

    assert "user" not in shown.query_params
    for chosen in ("0107", "0042"):
        shown.selectbox(key="user").set_value(chosen).run()
        assert shown.query_params["user"] == chosen


@pytest.mark.usefixtures("demo")
def test_the_address_counts_when_it_was_changed_last(page: Page) -> None:
    shown = page("demo/for_you.py").run()
    shown.selectbox(key="user").set_value("0107").run()

    shown.query_params["user"] = "1990"
    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="user").value == "1990"
    assert "14 films rated" in words(shown)
