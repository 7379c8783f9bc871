import pytest
from streamlit.testing.v1 import AppTest

from dashboards import product_api
from dashboards.text import esc
from serving.errors import ApiUnavailableError
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, labels, posters, words
from tests.support.dashboards.demo_pages import as_user

PAGE = "demo/item.py"


@pytest.mark.usefixtures("visitors")
def test_the_item_and_similar_items_are_shown(page: Page) -> None:
    item = shop.ITEMS[0]
    shown = page(PAGE)
    shown.query_params["id"] = item.item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == esc(item.title)
    assert f":gray[Film ID] {item.item_id}" in words(shown)
    links = {link.proto.label: link.proto.query_string for link in shown.get("page_link")}
    assert links[f":gray-badge[{item.categories[0]}]"] == f"category={item.categories[0]}"
    assert links[f":gray-badge[{item.released}]"] == "decade=1990"
    assert f"Similar to {esc(item.title)}" in words(shown)
    assert "% similar" in str(shown.get("bidi_component")[1].proto.json)
    assert labels(shown)


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize("item_id", ["", "no-such-item", "<script>", "../../etc/passwd"])
def test_an_unknown_id_is_explained(page: Page, item_id: str) -> None:
    shown = page(PAGE)
    shown.query_params["id"] = item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == "Film not found"
    assert esc(item_id) in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_hostile_title_is_escaped(page: Page) -> None:
    hostile = next(item for item in shop.ITEMS if item.title == shop.HOSTILE[0])
    shown = page(PAGE)
    shown.query_params["id"] = hostile.item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == r"\<b\>Bold\<\/b\> Moves \:tada\:"


@pytest.mark.usefixtures("visitors")
def test_items_that_users_take_together_are_shown_if_there_are_some(page: Page) -> None:
    def shown(item_id: str) -> AppTest:
        shown = page(PAGE)
        shown.query_params["id"] = item_id
        shown.run()
        assert not shown.exception
        return shown

    first = shown(shop.ITEMS[0].item_id)
    assert f"Goes well with {esc(shop.ITEMS[0].title)}" in words(first)
    assert "Films that users often liked together with this film" in words(first)
    assert posters(first)[0] == [item.item_id for item in shop.ITEMS[1:3]]

    last = shown(shop.ITEMS[-1].item_id)
    assert "together with" not in words(last)
    assert len(posters(last)) == len(posters(first)) - 1


@pytest.mark.usefixtures("visitors")
def test_a_placement_without_items_is_explained(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = product_api.placement("playground", "item", "0042", (shop.ITEMS[0].item_id,)).value
    empty = full.model_copy(update={"shelves": ()})
    monkeypatch.setattr(product_api, "placement", lambda *_, **__: fresh(empty))
    shown = page(PAGE)
    shown.query_params["id"] = shop.ITEMS[0].item_id

    shown.run()

    assert not shown.exception
    assert "No films to go with it yet" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_an_item_without_an_answer_of_its_shelves_is_explained(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ApiUnavailableError("secret-host")

    monkeypatch.setattr(product_api, "placement", fail)
    shown = page(PAGE)
    shown.query_params["id"] = shop.ITEMS[0].item_id

    shown.run()

    assert not shown.exception
    assert "is not responding" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_only_operators_have_a_link_to_the_inspector(page: Page) -> None:
    def links(shown: AppTest) -> dict[str, str]:
        shown.query_params["id"] = shop.ITEMS[0].item_id
        shown.run()
        assert not shown.exception
        return {link.proto.label: link.proto.query_string for link in shown.get("page_link")}

    assert ":gray[Inspect]" not in links(page(PAGE))
    account = links(as_user(page(PAGE), "0042"))
    assert account[":gray[Inspect]"] == f"item={shop.ITEMS[0].item_id}"
