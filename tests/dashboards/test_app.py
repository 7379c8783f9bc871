import pytest

from dashboards.demo import data
from tests.dashboards.conftest import Page
from tests.dashboards.test_for_you import words

PAGE = "app.py"


@pytest.mark.usefixtures("demo")
def test_the_app_opens_with_the_list_of_one_person(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "titles", lambda: {"playground": "Playground"})

    shown = page(PAGE).run()

    assert not shown.exception
    assert "Picked for you" in words(shown)
    assert [box.key for box in shown.selectbox] == ["person"]


@pytest.mark.usefixtures("demo")
def test_with_two_data_sets_there_is_a_switch_and_links_choose(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {"playground": "Playground", "books": "Books"}
    monkeypatch.setattr(data, "titles", lambda: titles)
    shown = page(PAGE)
    shown.query_params["dataset"] = "books"

    shown.run()

    assert not shown.exception
    assert shown.selectbox(key="dataset").value == "books"


@pytest.mark.usefixtures("demo")
def test_a_link_may_name_the_person(page: Page) -> None:
    shown = page("demo/for_you.py")
    shown.query_params["person"] = "1990"

    shown.run()

    assert not shown.exception
    assert "14 films rated" in words(shown)


def test_before_any_set_up_the_app_says_so(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "not set up" in words(shown)
