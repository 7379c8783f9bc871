"""The page "Activity": the audit with filters, and the erasure of a user."""

import pytest

from dashboards.console.activity import client
from dashboards.text import esc
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import ACTIVITY, opened, press, warnings
from tests.support.dashboards.fake_operations import HOSTILE_REASON, FakeOperations


def shown(page_cells: str) -> str:
    return page_cells.replace("\\\\", "\\")


@pytest.mark.usefixtures("operations")
def test_an_act_is_shown_with_who_what_and_why(page: Page) -> None:
    text = shown(cells(opened(page, ACTIVITY)))

    assert esc("jonas <b>") in text
    assert esc(HOSTILE_REASON) in text
    assert "version 1 to 2" in text
    assert "Done" in text


def test_a_run_has_a_short_name_a_link_and_its_id_as_a_tooltip(
    page: Page, operations: FakeOperations
) -> None:
    run = "playground__retrain/manual__2026-11-28T13:26:50.858420+00:00/publish"
    entry = operations.entries[0].model_copy(update={"actor": run, "action": "publish"})
    operations.entries.append(entry)

    text = shown(cells(opened(page, ACTIVITY)))

    assert "[Retrain of 28 Nov 13\\:26 UTC](http" in text
    assert f'"{run}")' in text


@pytest.mark.parametrize(
    ("action", "target", "what"),
    [
        ("create_key", "key till", "Created key :gray[till: read]"),
        ("pause", "publishing", "Paused publishing"),
        ("publish", "release 3", "Published :gray[release 3]"),
        (
            "start_retrain",
            "retrain manual__2026-11-28T13:26:50.85+00:00",
            "Started retrain :gray[of 28 Nov 13:26 UTC]",
        ),
        ("approve", "retrain r1", "Approved retrain :gray[r1]"),
    ],
)
def test_an_act_names_its_target_once(
    page: Page, operations: FakeOperations, action: str, target: str, what: str
) -> None:
    after = {"scopes": ["read"]} if action == "create_key" else {}
    changed = {"action": action, "target": target, "before": {}, "after": after}
    operations.entries[:] = [operations.entries[0].model_copy(update=changed)]

    text = cells(opened(page, ACTIVITY)).replace("\\", "")
    assert what in text
    assert f"{what} :gray" not in text


@pytest.mark.parametrize(
    ("action", "target", "states", "what"),
    [
        (
            "create_key",
            "key till",
            ({"scopes": ["read"]}, {"scopes": ["read", "feedback"]}),
            "Created key :gray[till: read, feedback, in place of an earlier key]",
        ),
        (
            "change_placement",
            "placement home",
            ({"version": 1}, {"version": 2}),
            "Changed placement :gray[home: version 1 to 2]",
        ),
        ("change_rules", "rules", ({}, {"version": 1}), "Changed rules :gray[version 0 to 1]"),
    ],
)
def test_a_change_says_what_was_there_before(
    page: Page,
    operations: FakeOperations,
    *,
    action: str,
    target: str,
    states: tuple[dict[str, object], dict[str, object]],
    what: str,
) -> None:
    changed = {"action": action, "target": target, "before": states[0], "after": states[1]}
    operations.entries[:] = [operations.entries[0].model_copy(update=changed)]
    assert what in cells(opened(page, ACTIVITY)).replace("\\", "")


@pytest.mark.parametrize(
    ("through", "what"),
    [("inspector", "in the Inspector"), ("view as", "saw the product as this user")],
)
def test_a_look_at_a_user_has_a_short_digest_and_its_way(
    page: Page, operations: FakeOperations, through: str, what: str
) -> None:
    changed = {
        "action": "inspect_user",
        "target": f"user {'9f86d081' * 8}",
        "before": None,
        "after": {"through": through},
    }
    operations.entries[:] = [operations.entries[0].model_copy(update=changed)]

    text = cells(opened(page, ACTIVITY)).replace("\\", "")

    assert f"Looked at user :gray[9f86d0819f86…, {what}]" in text


def test_a_refused_act_says_why(page: Page, operations: FakeOperations) -> None:
    refused = {"outcome": "refused", "problem": "no-earlier-release", "action": "roll_back"}
    operations.entries.append(operations.entries[0].model_copy(update=refused))

    assert esc("Refused: no earlier release") in shown(cells(opened(page, ACTIVITY)))


def test_acts_are_filtered_by_what_who_and_when(page: Page, operations: FakeOperations) -> None:
    operations.pause({"reason": "a festival"}, "maya", paused_by="maya")
    app = opened(page, ACTIVITY)
    assert "2 acts" in words(app)

    app.selectbox(key="action").set_value("pause").run()
    assert "1 act" in words(app)
    assert "a festival" in cells(app)
    app.text_input(key="actor").set_value("nobody").run()
    assert "No acts match" in words(app)
    app.selectbox(key="action").set_value(None)
    app.text_input(key="actor").set_value("")
    app.selectbox(key="period").set_value("Last 24 hours").run()
    assert "a festival" in cells(app)


def test_acts_are_searched_by_text_and_filters_are_in_the_address(
    page: Page, operations: FakeOperations
) -> None:
    operations.pause({"reason": "a Festival"}, "maya", paused_by="maya")
    app = opened(page, ACTIVITY)

    app.text_input(key="text").set_value(" festival ").run()
    assert "2 acts" in words(app)
    app.text_input(key="text").set_value("MAYA").run()
    assert "1 act" in words(app)
    app.selectbox(key="action").set_value("pause").run()

    assert not app.exception
    assert "1 act" in words(app)
    filters = (app.text_input(key="text"), app.selectbox(key="action"), app.text_input(key="actor"))
    assert [each.proto.query_param_key for each in filters] == ["text", "action", "actor"]


@pytest.mark.usefixtures("operations")
def test_a_link_has_its_filters(page: Page) -> None:
    app = opened(page, ACTIVITY, text="nobody", action="Erased user", period="Last 7 days")

    assert "No acts match" in words(app)
    assert app.selectbox(key="action").value == "erase"
    assert app.selectbox(key="period").value == "Last 7 days"


def test_a_second_page_has_the_older_acts(
    page: Page, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_LENGTH", 1)
    operations.pause({"reason": "a festival"}, "maya", paused_by="maya")
    app = opened(page, ACTIVITY)
    assert "a festival" in cells(app)

    app.session_state["activity_page"] = 2
    app.run()

    assert "festival week" in cells(app).replace("\\", "").replace("<b>", "")


def test_a_user_is_erased_after_a_confirmation_with_a_reason(
    page: Page, operations: FakeOperations
) -> None:
    app = opened(page, ACTIVITY)
    for again, reason, message in (
        ("0024", "request 17", "Enter the id of the user to confirm"),
        ("0042", "", "Enter a reason"),
        ("0042", "user 0042 asked", "leave the user id out"),
    ):
        app.text_input(key="erase_user_id").set_value("0042")
        app.text_input(key="erase_again").set_value(again)
        app.text_input(key="erase_reason").set_value(reason)
        press(app, "send_erase")
        assert message in warnings(app)
    assert operations.erased == []

    app.text_input(key="erase_user_id").set_value("0042")
    app.text_input(key="erase_again").set_value("0042")
    app.text_input(key="erase_reason").set_value("request 17")
    press(app, "send_erase")

    assert operations.erased == ["0042"]
    assert "3 events deleted" in app.success[0].value
    assert "Erased user" in cells(app)
    assert "0042" not in cells(app)
