import pytest

from dashboards.console.rules import draft
from dashboards.console.rules.editor import refusal
from dashboards.text import esc
from serving.errors import FilterRefusedError
from serving.schemas import Boost, Pin, SlateRules
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, words
from tests.support.dashboards.console_pages import RULES, opened, press
from tests.support.dashboards.fake_rules import HIDDEN, PINNED, SECOND
from tests.support.dashboards.rules_pages import can_activate, previewed

OTHER = shop.ITEMS[12]

pytestmark = pytest.mark.usefixtures("rules")


def test_the_editor_starts_with_the_active_rules(page: Page) -> None:
    app = opened(page, RULES)

    assert app.multiselect(key=draft.HIDE).value == [HIDDEN.item_id]
    assert app.number_input(key=draft.rank_key(PINNED.item_id)).value == 3
    assert previewed(app) == SECOND
    assert "No user's first ten items change" in words(app)


def test_items_are_found_by_title_and_hidden_or_pinned(page: Page) -> None:
    app = opened(page, RULES)
    app.text_input(key="draft_q").set_value("twelve kinds").run()
    pins = [button.key for button in app.button if button.key and "draft_pin_" in button.key]
    assert len(pins) == 3
    assert esc(OTHER.title) in words(app)

    press(app, f"draft_pin_{OTHER.item_id}")
    assert previewed(app).pin == (
        Pin(item_id=OTHER.item_id, rank=1),
        Pin(item_id=PINNED.item_id, rank=3),
    )
    press(app, f"draft_hide_{OTHER.item_id}")
    assert previewed(app).pin == SECOND.pin
    assert previewed(app).hide == (HIDDEN.item_id, OTHER.item_id)

    app.multiselect(key=draft.HIDE).set_value([OTHER.item_id]).run()
    press(app, f"draft_unpin_{PINNED.item_id}")

    assert previewed(app) == SlateRules(hide=(OTHER.item_id,))


def test_a_search_without_a_match_says_so(page: Page) -> None:
    app = opened(page, RULES)

    app.text_input(key="draft_q").set_value("zzz").run()

    assert not app.exception
    assert "No matching films" in words(app)


def test_boosts_caps_stock_and_diversity_become_rules(page: Page) -> None:
    app = press(opened(page, RULES), "draft_clear")
    app.multiselect(key=draft.BOOST).set_value(["Comedy", "Drama", "War"]).run()
    assert app.slider(key=draft.boost_key("Comedy")).value == 0.1
    app.slider(key=draft.boost_key("War")).set_value(0.0)
    app.slider(key=draft.boost_key("Drama")).set_value(-0.25)
    app.number_input(key=draft.PER_CATEGORY).set_value(5)
    app.number_input(key=draft.PER_VENDOR).set_value(2)
    app.text_input(key=draft.KEEP_IF).set_value(" price < 20 ")
    app.toggle(key=draft.ONLY_AVAILABLE).set_value(True)
    app.slider(key=draft.DIVERSITY).set_value(0.3)
    app.run()

    assert previewed(app) == SlateRules(
        boost=(Boost(category="Comedy", by=0.1), Boost(category="Drama", by=-0.25)),
        most_per_category=5,
        most_per_vendor=2,
        keep_if="price < 20",
        only_available=True,
        diversity=0.3,
    )


def test_two_pins_with_the_same_rank_cannot_be_previewed(page: Page) -> None:
    app = opened(page, RULES)
    app.text_input(key="draft_q").set_value("twelve kinds").run()
    press(app, f"draft_pin_{OTHER.item_id}")

    app.number_input(key=draft.rank_key(OTHER.item_id)).set_value(3).run()

    assert not app.exception
    assert "Two pins have the same rank" in app.warning[0].value
    assert app.button(key="preview_rules").disabled
    assert not can_activate(app)


def test_a_filter_that_is_not_valid_is_explained_in_the_words_of_the_editor(page: Page) -> None:
    app = opened(page, RULES)
    app.text_input(key=draft.KEEP_IF).set_value("nonsense").run()

    press(app, "preview_rules")

    assert not app.exception
    assert app.warning[0].value == esc("filter-refused. None.")
    assert not can_activate(app)
    error = FilterRefusedError("body.rules.keep_if: at character 1: unknown name.")
    assert refusal(error) == esc("Only items where: at character 1: unknown name.")


def test_the_order_of_rules_does_not_matter() -> None:
    boosts = (Boost(category="a", by=0.1), Boost(category="b", by=0.1))

    assert draft.is_same(
        SlateRules(hide=("a", "b"), boost=boosts), SlateRules(hide=("b", "a"), boost=boosts[::-1])
    )
    assert not draft.is_same(SlateRules(hide=("a",)), SlateRules(hide=("b",)))
