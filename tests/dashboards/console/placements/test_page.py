"""The page "Placements": the draft, its preview for a user, activation and the way back."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import product_api
from dashboards.console.placements import draft
from dashboards.console.placements.editor import refusal
from dashboards.text import esc
from serving.errors import RequestRefusedError
from serving.schemas import PlacementShelf
from tests.support.dashboards.app_pages import Page, keys, posters, words
from tests.support.dashboards.console_pages import PLACEMENTS, opened, press, warnings
from tests.support.dashboards.fake_placements import CHANGED, DEFAULT, HOSTILE, FakePlacements
from tests.support.dashboards.visitors import Visitors


def rows(app: AppTest) -> list[int]:
    return list(app.session_state["placement_rows"])


def write(app: AppTest, field: str, row: int, value: str) -> AppTest:
    """Return the page after text was entered into a field of a shelf."""
    app.text_input(key=draft.key(field, row)).set_value(value).run()
    assert not app.exception
    return app


def create(app: AppTest, name: str) -> AppTest:
    app.text_input(key="placement_name").set_value(name)
    return press(app, "create_placement")


def activate(app: AppTest, placement: str, reason: str) -> AppTest:
    app.text_input(key=f"reason_placement_{placement}").set_value(reason)
    return press(app, f"send_placement_{placement}")


@pytest.mark.usefixtures("placements")
def test_the_active_shelves_are_in_the_editor_and_all_versions_in_the_history(page: Page) -> None:
    app = opened(page, PLACEMENTS)

    first, second, third = rows(app)
    assert app.text_input(key=draft.key("title", second)).value == HOSTILE
    assert app.selectbox(key=draft.key("source", third)).value == "again"
    assert app.number_input(key=draft.key("limit", first)).value == 20
    text = words(app)
    assert f"**Version 1** · 3 shelves: Picked for you, {esc(HOSTILE)}, Once more" in text
    assert r"the \<i\>spring\<\/i\> sale" in text
    assert "**Version 0** · 2 shelves" in text
    assert "No changes yet" in text
    assert app.button(key="activate_draft").disabled


def test_a_draft_is_previewed_for_a_chosen_user(page: Page, placements: FakePlacements) -> None:
    app = opened(page, PLACEMENTS)
    app.text_input(key="placement_user").set_value("0042")
    app.text_input(key="placement_item").set_value("i003")

    press(app, "try_placement")

    [trial] = placements.tried
    assert (trial.shelves, trial.user_id, trial.item_ids) == (CHANGED, "0042", ("i003",))
    assert "As user 0042 would see it now" in words(app)
    assert [len(shelf) for shelf in posters(app)] == [20, 18]
    assert "Left out" in words(app)
    assert r"It has 0 items and needs at least 4\." in words(app)

    write(app, "title", rows(app)[0], "Another")  # a preview is of exactly these shelves
    assert posters(app) == []


@pytest.mark.usefixtures("placements")
def test_a_preview_shows_products_as_the_shop_does(page: Page, visitors: Visitors) -> None:
    visitors.rates = False
    app = opened(page, PLACEMENTS)
    some_users = [user.user_id for user in product_api.users("playground").value[:2]]
    assert f"Users with a list: {esc(', '.join(some_users))}" in words(app)

    press(app, "try_placement")

    first, *_ = json.loads(app.get("bidi_component")[0].proto.json)
    assert first["is_product"]
    assert first["price"].startswith("€")


def test_a_draft_is_activated_with_a_reason(page: Page, placements: FakePlacements) -> None:
    app = opened(page, PLACEMENTS)
    press(app, f"remove_{rows(app)[2]}")
    press(app, f"up_{rows(app)[1]}")
    write(app, "filter", rows(app)[0], " released >= 1990 ")

    activate(app, "home_1", "less is more")

    active = placements.versions["home"][0]
    new = DEFAULT[1].model_copy(update={"filter": "released >= 1990"})
    assert (active.version, active.shelves) == (2, (new, DEFAULT[0]))
    assert placements.reasons == ["less is more"]
    assert "No changes yet" in words(app)
    assert [toast.value for toast in app.toast] == ["Version 2 of home is active"]


@pytest.mark.usefixtures("placements")
def test_a_shelf_is_moved_down_and_the_ends_stay(page: Page) -> None:
    app = opened(page, PLACEMENTS)
    first, second, third = rows(app)
    assert app.button(key=f"up_{first}").disabled
    assert app.button(key=f"down_{third}").disabled

    press(app, f"down_{first}")

    assert rows(app) == [second, first, third]
    assert app.button(key=f"down_{first}").label == "Move shelf 2 down"


def test_a_refused_filter_is_named_by_the_number_of_its_shelf() -> None:
    error = RequestRefusedError("body.shelves.1.filter: at character 1: unknown name.")

    assert refusal(error) == esc("Shelf 2: Filter: at character 1: unknown name.")


def test_a_reason_is_needed(page: Page, placements: FakePlacements) -> None:
    app = opened(page, PLACEMENTS)
    press(app, "add_shelf")

    activate(app, "home_1", " ")

    assert "Enter a reason" in warnings(app)
    assert placements.reasons == []


def test_an_earlier_version_is_activated_again(page: Page, placements: FakePlacements) -> None:
    app = opened(page, PLACEMENTS)

    activate(app, "back_home_0_1", "as it was")

    active = placements.versions["home"][0]
    assert (active.version, active.shelves, active.reason) == (2, DEFAULT, "as it was")
    assert len(rows(app)) == 2


def test_a_placement_of_a_new_name_is_created(page: Page, placements: FakePlacements) -> None:
    app = opened(page, PLACEMENTS)
    create(app, "checkout")
    assert r"Add a shelf\." in warnings(app)

    press(app, "add_shelf")
    write(app, "title", rows(app)[0], "Before you go")
    activate(app, "checkout_0", "a new page")

    [created] = placements.versions["checkout"]
    assert created.shelves == (PlacementShelf(title="Before you go", source="for_you"),)

    create(app, "Check out!")
    assert "A name begins with a letter" in warnings(app)
    assert app.selectbox(key="placement").value == "checkout"


def test_a_draft_that_is_not_valid_cannot_be_activated(
    page: Page, placements: FakePlacements
) -> None:
    app = opened(page, PLACEMENTS)
    write(app, "title", rows(app)[1], "")
    assert "Shelf 2: Title" in warnings(app).replace("\\", "")
    assert app.button(key="try_placement").disabled
    write(app, "title", rows(app)[1], "Like {item}")
    assert "needs the source similar or together" in warnings(app).replace("\\", "")
    assert app.button(key="activate_draft").disabled
    write(app, "title", rows(app)[1], "New")
    write(app, "filter", rows(app)[1], "nonsense")

    press(app, "try_placement")
    assert "filter" in warnings(app)
    app.text_input(key="placement_user").set_value("erased")
    press(app, "try_placement")
    assert "This user was erased" in warnings(app)
    assert placements.versions["home"][0].version == 1


def test_another_operators_version_is_not_overwritten(
    page: Page, placements: FakePlacements
) -> None:
    app = opened(page, PLACEMENTS)
    press(app, "add_shelf")
    body = {"shelves": [{"title": "X", "source": "new"}], "instead_of": 1, "reason": "an emergency"}
    placements.replace("home", body, "jonas")

    activate(app, "home_1", "mine")

    assert placements.versions["home"][0].actor == "jonas"
    assert "Version 2 was activated while you" in words(app)
    press(app, "placement_keep")
    activate(app, "home_2", "mine")
    assert placements.versions["home"][0].reason == "mine"


def test_a_full_placement_takes_no_further_shelf(page: Page, placements: FakePlacements) -> None:
    placements.versions["home"][0] = placements.versions["home"][0].model_copy(
        update={"shelves": DEFAULT * 4}
    )

    assert opened(page, PLACEMENTS).button(key="add_shelf").disabled


def test_without_access_the_page_shows_a_message_and_no_buttons(
    page: Page, placements: FakePlacements
) -> None:
    placements.refusal = (403, "scope-missing")

    app = opened(page, PLACEMENTS)

    assert "This needs the role Op or Admin" in warnings(app)
    assert keys(app) == {"sign_out"}
    assert not app.text_input
