"""The page "Inspector": a user with their list, an item for them, and an item for all users."""

import pytest

from dashboards.console.inspector.events import value_text
from dashboards.console.inspector.user import segment_text
from dashboards.text import esc
from serving.schemas import Cause
from serving.user_attributes.segments import segment
from tests.support.dashboards import fake_inspections, shop
from tests.support.dashboards.app_pages import Page, cells, keys, labels, words
from tests.support.dashboards.console_pages import (
    INSPECTOR,
    metrics,
    opened,
    press,
    signed_in,
    warnings,
)
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_inspections import HOSTILE, LIKED, FakeInspections
from tests.support.dashboards.fake_operations import FakeOperations

FIRST, SECOND, THIRD = shop.ITEMS[:3]


@pytest.mark.usefixtures("inspections")
def test_without_a_subject_the_page_says_what_it_is_for(page: Page) -> None:
    app = opened(page, INSPECTOR)

    assert "Choose a user or a film" in words(app)
    assert "erase" not in keys(app)


def test_a_user_is_found_by_the_beginning_of_the_id(
    page: Page, inspections: FakeInspections
) -> None:
    app = opened(page, INSPECTOR)
    app.text_input(key="inspect_user").set_value("0").run()
    assert {"choose_user_0042", "choose_user_0107"} <= keys(app)
    assert "choose_user_1990" not in keys(app)
    assert inspections.looked == []

    press(app, "choose_user_0042")

    assert app.query_params["user"] == "0042"
    assert "User 0042" in words(app)
    assert app.text_input(key="inspect_user").value == "0042"
    assert {user_id for _, user_id in inspections.looked} == {"0042"}


@pytest.mark.usefixtures("inspections")
def test_an_exact_id_opens_the_user_and_an_empty_text_closes_them(page: Page) -> None:
    app = opened(page, INSPECTOR)
    app.text_input(key="inspect_user").set_value("1990").run()
    assert app.query_params["user"] == "1990"
    assert "User 1990" in words(app)

    app.text_input(key="inspect_user").set_value("").run()

    assert "user" not in app.query_params
    assert "Choose a user or a film" in words(app)


@pytest.mark.usefixtures("inspections")
def test_a_return_to_the_page_shows_the_same_user(page: Page) -> None:
    app = opened(page, INSPECTOR, user="1990")
    app.query_params.clear()  # as by a link of the menu

    app.run()

    assert "User 1990" in words(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert links[":gray[:small[Lineage]]"] == "release=12"


@pytest.mark.usefixtures("inspections")
def test_a_user_has_a_profile_a_list_and_its_origin(page: Page) -> None:
    app = opened(page, INSPECTOR, user="0042")

    text = words(app)
    assert "Segment: age 25" in text
    assert metrics(app)["List"][0] == "Computed online"
    assert metrics(app)["Films rated"][0] == "8"
    assert metrics(app)["Newer ratings"][0] == "1"
    assert "Release 12 · als\\_7f3a · ready" in text
    assert "Rules version 2 by ada" in text
    assert f"because you rated {esc(LIKED.title)} 5 stars" in text
    assert f"+0.610 {esc(LIKED.title)} \\(5 stars\\) · +0.200 popularity" in text
    assert "+0.050 4 smaller effects" in text
    assert "pinned at rank 2" in text
    assert "#5 before the rules" in text
    assert esc("boost +0.10 Drama") in text


@pytest.mark.usefixtures("inspections")
def test_precomputed_and_served_lists_are_compared(page: Page) -> None:
    text = words(opened(page, INSPECTOR, user="0042"))

    assert "2 ranks changed" in text
    assert f"2. {esc(HOSTILE.title)} :orange[:small[{esc('they rated it 1 star on')}" in text
    assert f"2. {esc(SECOND.title)} :green[:small[new]]" in text
    assert "**Left out by the rules**" in text


@pytest.mark.usefixtures("inspections")
def test_events_have_their_origin_and_their_state(page: Page) -> None:
    text = cells(opened(page, INSPECTOR, user="0042"))

    assert "API, shop" in text.replace("\\", "")
    assert "In the outbox" in text
    assert "File" in text
    assert "In the release" in text
    assert "Hidden by a rule, for all users" in text.replace("\\", "")
    assert esc(HOSTILE.title).replace("\\", "\\\\") in text


def test_a_quantity_is_not_shown_on_the_scale_of_ratings() -> None:
    _, rated = fake_inspections.events()
    bought = rated.model_copy(update={"kind": "purchase", "value": 2})

    assert value_text(rated, shop.about()) == "5 stars"
    assert value_text(bought, shop.about(rates=False)) == "2"


@pytest.mark.usefixtures("inspections")
def test_a_click_on_a_title_explains_the_item(page: Page) -> None:
    app = press(opened(page, INSPECTOR, user="0042"), f"why_{THIRD.item_id}")

    assert app.query_params["item"] == THIRD.item_id
    assert f"{esc(THIRD.title)} for this user" in words(app)
    assert metrics(app)["Rank if listed"][0] == "#24"
    assert metrics(app)["Before the rules"][0] == "#3"
    assert metrics(app)["Score"][0] == "0.710"
    assert "without this rule it would be" in words(app)
    assert len(app.get("vega_lite_chart")) == 1

    press(app, "item_close")
    assert "item" not in app.query_params


@pytest.mark.usefixtures("inspections")
def test_another_item_is_searched_by_title_or_id(page: Page) -> None:
    app = opened(page, INSPECTOR, user="0042")
    app.text_input(key="inspect_item").set_value("lantern").run()
    press(app, f"choose_item_{FIRST.item_id}")
    assert app.query_params["item"] == FIRST.item_id
    assert app.text_input(key="inspect_item").value == ""

    app.text_input(key="inspect_item").set_value("gone-17").run()
    press(app, "choose_item_id")
    assert "gone\\-17 for this user" in words(app)
    press(app, "item_for_all")
    assert "user" not in app.query_params
    assert "Unknown film" in words(app)


@pytest.mark.usefixtures("inspections")
def test_an_item_has_its_counts_ranks_holders_and_similar_items(page: Page) -> None:
    app = opened(page, INSPECTOR, item=FIRST.item_id)

    assert esc(FIRST.title) in words(app)
    assert metrics(app)["Popularity"] == ("#7", "of 80")
    assert metrics(app)["Users who get it"] == ("2,013", "33.3%")
    assert metrics(app)["Best rank"] == ("#1", "median #14")
    assert esc("boost +0.10 Drama") in words(app)
    assert any(key and key.startswith("similar_") for key in keys(app))

    press(app, "holder_0042")
    assert app.query_params["user"] == "0042"
    assert "for this user" in words(app)


def test_an_item_that_nobody_gets_says_why(page: Page, inspections: FakeInspections) -> None:
    inspections.causes = (Cause(obstacle="never_rated", text="no ratings <b>yet</b>"),)

    app = opened(page, INSPECTOR, item=FIRST.item_id)

    assert f"On no list: {esc('No ratings <b>yet</b>')}." in warnings(app)
    assert metrics(app)["Users who get it"] == ("0", "0.0%")


@pytest.mark.usefixtures("inspections")
def test_an_unknown_user_gets_what_new_users_get(page: Page) -> None:
    app = opened(page, INSPECTOR, user="nobody")

    assert "There is no trace of this id" in words(app)
    assert metrics(app)["List"][0] == "Fallback"


def test_a_user_is_erased_from_here_and_nothing_is_shown(
    page: Page, inspections: FakeInspections, operations: FakeOperations
) -> None:
    app = opened(page, INSPECTOR, user="0042")
    app.text_input(key="erase_again").set_value("0107")
    app.text_input(key="erase_reason").set_value("request 17")
    press(app, "send_erase")
    assert "Enter the id of the user to confirm" in warnings(app)

    inspections.erased.add("0042")
    app.text_input(key="erase_again").set_value("0042")
    app.text_input(key="erase_reason").set_value("request 17")
    press(app, "send_erase")

    assert operations.erased == ["0042"]
    assert "This user was erased" in words(app)
    assert "List as served now" not in words(app)
    assert not app.table


def test_a_viewer_looks_but_does_not_search_or_erase(
    page: Page, inspections: FakeInspections, airflow: FakeAirflow
) -> None:
    airflow.is_operator = False
    app = signed_in(page(INSPECTOR), is_operator=False).run()
    assert not app.exception
    app.text_input(key="inspect_user").set_value("0042").run()

    assert not app.exception
    assert "User 0042" in words(app)
    assert "List as served now" in words(app)
    assert "Erase this user" not in labels(app)
    assert "send_erase" not in keys(app)
    assert inspections.looked == [("inspector", "0042")]


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ((403, "scope-missing"), "This needs the role Op or Admin"),
        ((503, "operators-not-configured"), "API_AIRFLOW_URL"),
        ((503, "api-unavailable"), "did not answer this request"),
    ],
)
@pytest.mark.parametrize("subject", [{"user": "0042"}, {"item": "i001"}])
def test_a_refusal_of_the_api_is_explained(
    page: Page,
    inspections: FakeInspections,
    refusal: tuple[int, str],
    message: str,
    subject: dict[str, str],
) -> None:
    inspections.refusal = refusal

    assert message in warnings(opened(page, INSPECTOR, **subject))


def test_a_segment_is_shown_without_the_backslashes_of_its_name() -> None:
    attributes = {"sex": "F", "city": "Bath, Avon\\"}
    name = segment(attributes, ("sex", "city"))

    assert segment_text(name) == "sex F, city Bath, Avon\\"
