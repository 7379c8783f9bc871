"""Rating, hiding, undoing and deleting data, against an API on loopback."""

from datetime import UTC, datetime

import pytest

from dashboards import choices, product_api
from dashboards.demo.feedback import own_data
from dashboards.identity import visitors
from dashboards.identity.browsers import Browsers
from serving.client import Client
from serving.errors import ApiUnavailableError, TooManyRequestsError
from serving.schemas import Export, RatingsPage
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, titles, words
from tests.support.dashboards.demo_pages import ITEM, RATINGS, as_user, give, home
from tests.support.dashboards.visitors import Visitors


def test_a_rating_is_written_and_the_list_changes_at_once(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    give(shown, first.item_id, 5)

    assert visitors.rated["0042"] == {first.item_id: 5.0}
    text = words(shown)
    assert "5 stars" in text
    assert "Your list has" in text
    assert ":green-badge[:material/bolt: Updated]" in text
    assert "Because you rated" in text
    assert titles(shown)[0].strip("*") == first.title  # it does not move under the pointer


def test_clearing_the_stars_removes_the_rating(page: Page, visitors: Visitors) -> None:
    item_id = visitors.recommendations("0042", 20).items[0].item_id
    shown = give(home(page), item_id, 4)

    give(shown, item_id, None)

    assert visitors.rated["0042"] == {}


def test_a_hidden_item_leaves_the_list_on_the_next_visit(page: Page, visitors: Visitors) -> None:
    shown = home(page)
    first = visitors.recommendations("0042", 20).items[0]

    shown.button(key=f"hide-picked-{first.item_id}").click().run()

    assert not shown.exception
    assert visitors.hidden["0042"] == [first.item_id]
    assert "won't be suggested again" in words(shown)
    again = home(page)
    assert first.title not in titles(again)[0]


def test_a_failed_write_is_retried_once_with_the_same_key(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str | None] = []
    write = Client.rate

    def flaky(self: Client, *args: object, **kwargs: object) -> object:
        keys.append(str(kwargs["idempotency_key"]))
        if len(keys) == 1:
            raise ApiUnavailableError("restarting")
        return write(self, *args, **kwargs)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Client, "rate", flaky)
    first = visitors.recommendations("0042", 20).items[0]

    give(home(page), first.item_id, 5)

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert visitors.rated["0042"] == {first.item_id: 5.0}


def test_a_rating_that_fails_is_reported_as_not_saved(
    page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise ApiUnavailableError("secret-host")

    monkeypatch.setattr(Client, "rate", unavailable)
    item_id = visitors.recommendations("0042", 20).items[0].item_id

    shown = give(home(page), item_id, 5)

    assert ":red[Not saved.]" in words(shown)
    assert "secret-host" not in words(shown)
    assert shown.feedback(key=f"rate-picked-{item_id}").value is None


def test_the_item_page_shows_the_reason_and_saves_stars(page: Page, visitors: Visitors) -> None:
    visitors.rate("0042", shop.ITEMS[3].item_id, 5)
    shown = page(ITEM)
    as_user(shown, "0042")
    shown.query_params["id"] = shop.ITEMS[0].item_id
    shown.run()

    assert "#3 on your list" in words(shown).replace("\\", "")
    assert "Mostly because of your 5 stars for" in words(shown)
    give(shown, shop.ITEMS[0].item_id, 2, shelf="item")
    assert visitors.rated["0042"][shop.ITEMS[0].item_id] == 2.0
    assert "2 of 5" in words(shown)


def test_an_item_can_be_hidden_and_shown_again(page: Page, visitors: Visitors) -> None:
    shown = page(ITEM)
    as_user(shown, "0042")
    shown.query_params["id"] = shop.ITEMS[0].item_id
    shown.run()

    shown.button(key="hide").click().run()
    assert shown.button(key="hide").label == "Show again"
    shown.button(key="hide").click().run()

    assert not shown.exception
    assert visitors.hidden["0042"] == []


def test_ratings_can_be_changed_and_removed(page: Page, visitors: Visitors) -> None:
    item_id = shop.ITEMS[7].item_id
    visitors.rate("0042", item_id, 5)
    rated = {item.item_id for item in visitors.ratings("0042", 100).items}
    hidden = next(item.item_id for item in shop.ITEMS if item.item_id not in rated)
    visitors.hide("0042", hidden)
    shown = page(RATINGS)
    as_user(shown, "0042")
    shown.run()

    assert not shown.exception
    assert "Not interested" in words(shown)
    give(shown, item_id, 3, shelf="mine")
    assert visitors.rated["0042"][item_id] == 3.0
    shown.button(key=f"back-mine-{item_id}").click().run()
    shown.button(key=f"back-hidden-{hidden}").click().run()
    assert visitors.rated["0042"] == {}
    assert visitors.hidden["0042"] == []


@pytest.mark.usefixtures("visitors")
def test_many_ratings_are_shown_in_pages(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    rated = Visitors().ratings("1990", 1).items[0]
    items = tuple(
        rated.model_copy(update={"item_id": item.item_id, "title": item.title})
        for item in shop.ITEMS[:30]
    )
    ratings = RatingsPage(user_id="1990", items=items, total=30, limit=1000, offset=0)
    monkeypatch.setattr(product_api, "ratings", lambda *_: fresh(ratings))

    shown = as_user(page(RATINGS), "1990").run()

    assert not shown.exception
    assert [button.label for button in shown.button].count("Remove rating") == 25


@pytest.mark.usefixtures("visitors")
def test_a_user_without_ratings_sees_what_to_do(page: Page) -> None:
    shown = page(RATINGS)
    as_user(shown, "n-9")
    shown.run()

    assert not shown.exception
    assert "You haven't rated any films yet" in words(shown)


def test_a_users_cached_answers_can_be_cleared(visitors: Visitors) -> None:
    before = product_api.ratings("playground", "0042").value
    rated = {item.item_id for item in before.items}
    other = next(item for item in shop.ITEMS if item.item_id not in rated)
    visitors.rate("0042", other.item_id, 5)
    assert product_api.ratings("playground", "0042").value == before

    product_api.clear_user_answers()

    assert product_api.ratings("playground", "0042").value.total == before.total + 1


def test_a_visitor_downloads_their_data_some_times_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Streamlit makes a file for each click, and keeps it, also if no page runs again."""
    monkeypatch.setattr(visitors, "BROWSERS", Browsers())
    monkeypatch.setattr(visitors, "browser", lambda: "b")
    monkeypatch.setattr(choices, "dataset", lambda: "shop")
    exports = ExportsOnly()
    monkeypatch.setattr(product_api, "client", lambda _dataset: exports)
    exported = own_data.export()

    for _ in range(visitors.DOWNLOADS_PER_HOUR):
        assert '"tables"' in exported()
    with pytest.raises(TooManyRequestsError):
        exported()

    assert exports.n == visitors.DOWNLOADS_PER_HOUR


class ExportsOnly:
    """A client that counts its exports."""

    n = 0

    def register(self, user_id: str, token: str) -> None:
        assert user_id.startswith("n-")
        assert token

    def export(self, user_id: str, *, token: str) -> Export:
        assert token
        self.n += 1
        return Export(user_id=user_id, exported_at=datetime.now(UTC), tables={})
