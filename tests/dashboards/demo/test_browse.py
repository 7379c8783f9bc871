import pytest

from dashboards import product_api
from dashboards.answers import CachedAnswer
from dashboards.demo.words import decades
from dashboards.text import esc
from serving.errors import ApiUnavailableError
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, labels, words
from tests.support.dashboards.visitors import Visitors

PAGE = "demo/browse.py"


@pytest.mark.usefixtures("visitors")
def test_the_first_page_of_the_catalogue_is_shown(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert "90 films" in words(shown)
    assert labels(shown)[0] == f"**{esc(shop.items('', None, 1, 0).items[0].title)}**"
    assert len(labels(shown)) == 36


@pytest.mark.usefixtures("visitors")
def test_a_search_finds_beginnings_of_words(page: Page) -> None:
    shown = page(PAGE).run()

    shown.text_input(key="q").set_value("salt").run()

    assert not shown.exception
    assert labels(shown)[0] == "**Salt and Gravel**"
    assert "3 of 90 films" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_category_filters_the_catalogue(page: Page) -> None:
    shown = page(PAGE).run()

    shown.pills(key="category").set_value("Western").run()

    assert not shown.exception
    assert "6 of 90 films" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_the_category_is_in_the_address(page: Page) -> None:
    shown = page(PAGE)
    shown.query_params["category"] = "Western"
    shown.run()

    assert not shown.exception
    assert "6 of 90 films" in words(shown)
    assert shown.pills(key="category").value == "Western"


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize(
    ("query", "n"),
    [({"category": "Sci-Fi"}, 6), ({"decade": "1990"}, 15), ({"category": "<b>"}, None)],
)
def test_the_address_has_values_not_escaped_labels(
    page: Page, query: dict[str, str], n: int | None
) -> None:
    shown = page(PAGE)
    shown.query_params.update(query)
    shown.run()

    assert not shown.exception
    assert (f"{n} of 90 films" if n else "90 films") in words(shown)
    assert {name: shown.query_params[name] for name in query if name in shown.query_params} == (
        query if n else {}
    )


@pytest.mark.usefixtures("visitors")
def test_items_are_sorted(page: Page) -> None:
    shown = page(PAGE).run()
    assert shown.selectbox(key="sort").value == "relevance"

    shown.selectbox(key="sort").set_value("title").run()

    assert not shown.exception
    first = shop.items("", None, 1, 0, sort="title").items[0]
    assert labels(shown)[0] == f"**{esc(first.title)}**"
    assert shown.query_params["sort"] == "title"


def test_a_shop_is_sorted_by_price_and_a_search_by_popularity(
    page: Page, visitors: Visitors
) -> None:
    visitors.rates = False
    shown = page(PAGE).run()
    assert shown.selectbox(key="sort").options == [
        "Most popular",
        "Price: low to high",
        "Price: high to low",
        "Year: newest first",
        "Year: oldest first",
        "A to Z",
    ]

    shown.selectbox(key="sort").set_value("dearest").run()

    assert labels(shown)[0] == f"**{esc(shop.ITEMS[-1].title)}**"
    assert shown.query_params["sort"] == "dearest"
    shown.text_input(key="q").set_value("the").run()
    assert shown.selectbox(key="sort").options[:2] == ["Best match", "Most popular"]
    assert shown.selectbox(key="sort").value == "dearest"
    shown.selectbox(key="sort").set_value("popular").run()
    shown.text_input(key="q").set_value("").run()
    assert not shown.exception
    assert shown.selectbox(key="sort").value == "relevance"


def test_new_arrivals_need_an_attribute_with_the_first_day(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors.rates = False
    about = shop.about(rates=False)
    dated = about.display.model_copy(update={"price": None, "since": "since"})
    answer = fresh(about.model_copy(update={"display": dated}))
    monkeypatch.setattr(product_api, "about", lambda _: answer)
    monkeypatch.setattr(product_api, "released_years", lambda _: fresh([]))

    shown = page(PAGE).run()

    assert not shown.exception
    assert shown.selectbox(key="sort").options == ["Most popular", "New arrivals", "A to Z"]


@pytest.mark.parametrize(
    ("years", "decades_shown"),
    [([], []), ([1979, 2001], ["2000", "1990", "1980", "1970"]),
     ([1990, 1999], ["1990"]), ([1989, 1990], ["1990", "1980"])],
)  # fmt: skip
def test_the_decades_reach_from_the_first_to_the_last_year(
    years: list[int], decades_shown: list[str]
) -> None:
    assert decades.between(years) == decades_shown


@pytest.mark.usefixtures("visitors")
def test_a_search_without_results_suggests_what_to_try(page: Page) -> None:
    shown = page(PAGE).run()

    shown.text_input(key="q").set_value("zzz").run()

    assert not shown.exception
    assert "No films found" in words(shown)
    assert not labels(shown)


@pytest.mark.usefixtures("visitors")
def test_many_categories_become_a_select_box(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    many = shop.about().model_copy(update={"categories": tuple(f"C{n}" for n in range(80))})
    answer = product_api.about("playground")
    monkeypatch.setattr(product_api, "about", lambda _: CachedAnswer(many, answer.at))

    shown = page(PAGE).run()

    assert not shown.exception
    assert len(shown.selectbox(key="category").options) == 80


@pytest.mark.usefixtures("visitors")
def test_an_unavailable_api_is_explained(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ApiUnavailableError("x")

    monkeypatch.setattr(product_api, "items", fail)

    shown = page(PAGE).run()

    assert not shown.exception
    assert "is not responding" in words(shown)
