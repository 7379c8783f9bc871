import pytest

from dashboards.console.rules import client, draft
from serving.schemas import SlateRules
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import RULES, opened, press
from tests.support.dashboards.fake_airflow import USER
from tests.support.dashboards.fake_rules import FIRST, SECOND, FakeRules
from tests.support.dashboards.rules_pages import can_activate, previewed


def test_a_filter_that_is_refused_only_at_the_activation_changes_nothing(
    page: Page, rules: FakeRules
) -> None:
    rules.has_lists = False  # else the preview refuses it
    app = opened(page, RULES)
    app.text_input(key=draft.KEEP_IF).set_value("price < 20").run()
    press(app, "preview_rules")
    rules.refused_filter = "price < 20"
    app.text_input(key="rules_reason").set_value("cheap ones")

    press(app, "send_rules")

    assert not app.exception
    assert "filter" in app.warning[0].value
    assert len(rules.versions) == 2


@pytest.mark.usefixtures("rules")
def test_only_rules_that_were_previewed_can_be_activated(page: Page) -> None:
    app = opened(page, RULES)
    assert "No changes yet" in words(app)
    assert not can_activate(app)

    app.slider(key=draft.DIVERSITY).set_value(0.3).run()
    assert not can_activate(app)
    press(app, "preview_rules")
    assert can_activate(app)

    app.slider(key=draft.DIVERSITY).set_value(0.4).run()
    assert not can_activate(app)
    assert "Preview these rules before" in words(app)


def test_an_activation_needs_a_reason(page: Page, rules: FakeRules) -> None:
    app = opened(page, RULES)
    app.slider(key=draft.DIVERSITY).set_value(0.4).run()
    press(app, "preview_rules")

    press(app, "send_rules")

    assert "Enter a reason" in app.warning[0].value
    assert len(rules.versions) == 2


def test_activated_rules_are_a_new_version(page: Page, rules: FakeRules) -> None:
    app = opened(page, RULES)
    app.slider(key=draft.DIVERSITY).set_value(0.4).run()
    press(app, "preview_rules")
    app.text_input(key="rules_reason").set_value(" fewer of a kind ")

    press(app, "send_rules")

    newest = rules.versions[0]
    assert (newest.version, newest.actor, newest.reason) == (3, USER, "fewer of a kind")
    assert newest.rules == SECOND.model_copy(update={"diversity": 0.4})
    assert "Version 3 is active" in app.toast[0].value
    assert "violet-badge[Version 3]" in words(app)
    assert not app.text_input(key="rules_reason").value
    assert not can_activate(app)


def test_without_stored_lists_rules_can_be_activated_without_a_preview(
    page: Page, rules: FakeRules
) -> None:
    rules.has_lists = False
    app = press(opened(page, RULES), "draft_clear")

    press(app, "preview_rules")

    assert "no retrain has stored lists" in app.info[0].value
    assert can_activate(app)


def test_a_conflicting_activation_is_refused_and_keeps_the_draft(
    page: Page, rules: FakeRules
) -> None:
    app = press(opened(page, RULES), "draft_clear")
    app.slider(key=draft.DIVERSITY).set_value(0.3).run()
    press(app, "preview_rules")
    rules.replace_by_another()
    app.text_input(key="rules_reason").set_value("mine")

    press(app, "send_rules")

    text = words(app)
    assert "Version 3 was activated while you were editing" in text
    assert "Keep or discard your draft above" in text
    assert "jonas" in text
    assert "an emergency" in text
    assert rules.versions[0].actor == "jonas"
    assert app.slider(key=draft.DIVERSITY).value == 0.3
    assert not can_activate(app)


def test_a_draft_can_be_kept_after_a_conflict(page: Page, rules: FakeRules) -> None:
    app = press(opened(page, RULES), "draft_clear")
    app.slider(key=draft.DIVERSITY).set_value(0.3).run()
    rules.replace_by_another()
    client.history.clear()
    app.run()

    press(app, "draft_keep")

    assert "was activated while you were editing" not in words(app)
    assert not can_activate(app)
    assert previewed(app) == SlateRules(diversity=0.3)
    app.text_input(key="rules_reason").set_value("mine")
    press(app, "send_rules")
    assert (rules.versions[0].actor, rules.versions[0].version) == (USER, 4)


def test_a_draft_can_be_discarded_after_a_conflict(page: Page, rules: FakeRules) -> None:
    app = opened(page, RULES)
    rules.replace_by_another()
    client.history.clear()
    app.run()
    assert "was activated while you were editing" in words(app)

    press(app, "draft_discard")

    assert "was activated while you were editing" not in words(app)
    assert previewed(app) == SlateRules()


def test_an_older_version_is_loaded_into_the_editor_only(page: Page, rules: FakeRules) -> None:
    app = opened(page, RULES)
    assert "load_2" not in keys(app)
    assert "1 hidden · capped" in words(app)

    press(app, "load_1")

    assert len(rules.versions) == 2
    assert previewed(app) == FIRST
    assert can_activate(app)
    press(app, "draft_reset")
    assert previewed(app) == SECOND


def test_the_active_version_is_undone_with_one_button(page: Page, rules: FakeRules) -> None:
    app = press(opened(page, RULES), "send_undo_2")
    assert "Enter a reason" in app.warning[0].value
    assert len(rules.versions) == 2

    app.text_input(key="reason_undo_2").set_value("complaints")
    press(app, "send_undo_2")

    newest = rules.versions[0]
    assert (newest.version, newest.rules, newest.reason) == (3, FIRST, "complaints")
    assert "Version 3 is active" in app.toast[0].value
    assert "was activated while you were editing" not in words(app)
    assert "No changes yet" in words(app)


def test_the_first_version_can_be_undone(page: Page, rules: FakeRules) -> None:
    del rules.versions[0]
    app = opened(page, RULES)
    assert "**Version 0**" in words(app)
    assert "load_0" in keys(app)
    app.text_input(key="reason_undo_1").set_value("a mistake")

    press(app, "send_undo_1")

    assert (rules.versions[0].version, rules.versions[0].rules) == (2, SlateRules())


def test_an_undo_keeps_what_the_operator_is_editing(page: Page, rules: FakeRules) -> None:
    app = opened(page, RULES)
    app.slider(key=draft.DIVERSITY).set_value(0.3).run()
    app.text_input(key="reason_undo_2").set_value("complaints")

    press(app, "send_undo_2")

    assert rules.versions[0].rules == FIRST
    assert app.slider(key=draft.DIVERSITY).value == 0.3
    assert "Version 3 was activated while you were editing" in words(app)
