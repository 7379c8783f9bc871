import pytest

from dashboards import product_api
from dashboards.text import esc
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, labels, words

PAGE = "demo/item.py"


@pytest.mark.usefixtures("demo")
def test_shows_the_item_and_what_is_like_it(page: Page) -> None:
    asked = shop.ITEMS[0]
    shown = page(PAGE)
    shown.query_params["id"] = asked.item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == esc(asked.title)
    assert f":gray-badge[{asked.categories[0]}]" in words(shown)
    assert "Similar films" in words(shown)
    assert labels(shown)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("item_id", ["", "no-such-item", "<script>", "../../etc/passwd"])
def test_an_id_that_nothing_has_is_no_crash(page: Page, item_id: str) -> None:
    shown = page(PAGE)
    shown.query_params["id"] = item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == "No such film"
    assert esc(item_id) in words(shown)


@pytest.mark.usefixtures("demo")
def test_a_hostile_title_is_escaped(page: Page) -> None:
    hostile = next(each for each in shop.ITEMS if each.title == shop.HOSTILE[0])
    shown = page(PAGE)
    shown.query_params["id"] = hostile.item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == r"\<b\>Bold\<\/b\> Moves \:tada\:"


@pytest.mark.usefixtures("demo")
def test_a_recipe_without_likeness_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    none = shop.similar(shop.ITEMS[0].item_id, 0)
    monkeypatch.setattr(product_api, "similar", lambda *_: fresh(none))
    shown = page(PAGE)
    shown.query_params["id"] = shop.ITEMS[0].item_id

    shown.run()

    assert not shown.exception
    assert "No similar films yet" in words(shown)
