import pytest
import streamlit as st

from airflow_api.client import SignInRefusedError
from dashboards.console import sources
from dashboards.console.signing_in import attempts
from dashboards.identity import visitors
from dashboards.identity.signing import Signer, new_browser
from dashboards.text import esc
from tests.support.dashboards.app_pages import Page
from tests.support.dashboards.console_pages import (
    ACTIVITY,
    INSPECTOR,
    MAINTENANCE,
    MODELS,
    OVERVIEW,
    RELEASES,
    RETRAINS,
    RULES,
    opened,
    press,
    signed_in,
    warnings,
)
from tests.support.dashboards.demo_pages import SECRET
from tests.support.dashboards.fake_airflow import PASSWORD, TOKEN, USER, FakeAirflow
from tests.support.dashboards.fake_inspections import FakeInspections
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.dashboards.fake_rules import FakeRules


@pytest.mark.usefixtures("console", "retrained_lake")
@pytest.mark.parametrize(
    "name", [OVERVIEW, RETRAINS, MODELS, RULES, RELEASES, INSPECTOR, ACTIVITY, MAINTENANCE]
)
def test_without_a_sign_in_a_page_shows_the_form_only(page: Page, name: str) -> None:
    app = page(name).run()

    assert not app.exception
    assert app.title[0].value == "Console"
    assert [button.key for button in app.button] == ["send_sign_in"]
    assert not app.table
    assert not app.metric


@pytest.mark.usefixtures("console")
def test_the_right_password_opens_the_console(page: Page) -> None:
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert app.title[0].value == "Overview"
    assert PASSWORD not in str(app.session_state)


@pytest.mark.usefixtures("console")
def test_a_sign_in_gives_the_browser_a_new_id(page: Page) -> None:
    """The old one may be known to another browser, whose cookie was planted."""
    app = page(OVERVIEW).run()
    planted = app.session_state["browser"]
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert app.title[0].value == "Overview"
    assert visitors.BROWSERS.signed_in(planted) is None
    _, new = app.session_state["renewed_browser"]
    assert visitors.BROWSERS.signed_in(new) is not None
    assert visitors.BROWSERS.redeem(app.session_state["cookie_ticket"], planted) == new


@pytest.mark.usefixtures("console")
def test_a_session_that_another_browser_takes_over_is_not_signed_in(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)
    press(app, "send_sign_in")
    assert app.title[0].value == "Overview"

    another = Signer(SECRET).cookie(new_browser())
    monkeypatch.setattr(visitors, "_cookie", lambda: another)
    app.run()

    assert app.title[0].value == "Console"


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        (USER, "wrong", "Wrong username or password"),
        (USER, "", "Enter a username and a password"),
        (" ", "x", "Enter a username and a password"),
    ],
)
def test_a_wrong_password_opens_nothing(page: Page, user: str, password: str, message: str) -> None:
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(user)
    app.text_input(key="password").set_value(password)

    press(app, "send_sign_in")

    assert message in warnings(app)
    assert app.title[0].value == "Console"
    assert app.text_input(key="username").value == user
    assert app.text_input(key="password").value == ""


@pytest.mark.usefixtures("console")
def test_an_unreachable_airflow_is_reported(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "http://127.0.0.1:9")
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert app.error[0].value == "Airflow is not responding. Run `lantern status` for details."


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, "Too many attempts"), (400, "Airflow refused the sign-in")],
)
def test_a_refusal_of_airflow_has_a_cause_of_its_own(
    page: Page,
    console: FakeAirflow,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    message: str,
) -> None:
    monkeypatch.setattr(console, "answer", lambda *_: (status, {"detail": "no"}))
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert message in app.error[0].value
    assert "not responding" not in app.error[0].value


@pytest.mark.usefixtures("console")
def test_a_missing_address_of_airflow_is_reported(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONSOLE_AIRFLOW_URL")
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert esc("CONSOLE_AIRFLOW_URL is not set") in app.error[0].value


@pytest.mark.usefixtures("console")
def test_signing_out_closes_the_console(page: Page) -> None:
    app = press(opened(page, OVERVIEW), "sign_out")

    assert app.title[0].value == "Console"


def test_an_expired_token_asks_to_sign_in_again(page: Page, console: FakeAirflow) -> None:
    app = page(OVERVIEW)
    signed_in(app)
    console.expired = True

    app.run()

    assert not app.exception
    assert "You have been signed out" in app.info[0].value
    assert app.title[0].value == "Console"


def test_a_token_that_the_api_rejects_asks_to_sign_in_again(page: Page, rules: FakeRules) -> None:
    rules.refusal = (401, "key-refused")

    app = opened(page, RULES)

    assert "You have been signed out" in app.info[0].value
    assert app.title[0].value == "Console"


def test_what_was_typed_is_kept_over_the_sign_in_that_an_expired_token_needs(
    page: Page, operations: FakeOperations
) -> None:
    app = opened(page, RELEASES)
    app.text_input(key="reason_pause_12").set_value("a festival *week*")
    operations.refusal = (401, "key-refused")
    press(app, "send_pause_12")
    assert "What you typed is kept" in app.info[0].value
    assert "festival" not in str(app.text_input)

    operations.refusal = None
    for password in ("wrong", PASSWORD):
        app.text_input(key="username").set_value(USER)
        app.text_input(key="password").set_value(password)
        press(app, "send_sign_in")

    field = app.text_input(key="reason_pause_12")
    assert (field.value, field.proto.set_value) == ("a festival *week*", True)
    assert [entry.action for entry in operations.entries] == ["change_rules"]


@pytest.mark.usefixtures("operations")
def test_what_was_typed_is_forgotten_after_signing_out(page: Page) -> None:
    app = opened(page, RELEASES)
    app.text_input(key="reason_pause_12").set_value("a festival")
    press(app, "sign_out")
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert not app.text_input(key="reason_pause_12").value


@pytest.mark.usefixtures("airflow")
def test_a_wrong_password_returns_no_operator() -> None:
    with pytest.raises(SignInRefusedError):
        sources.sign_in(USER, "wrong")


def test_an_account_without_a_right_on_dags_does_not_sign_in(
    page: Page, console: FakeAirflow
) -> None:
    console.has_role = False
    app = page(OVERVIEW).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)

    press(app, "send_sign_in")

    assert "may not see Lantern's DAGs" in app.error[0].value
    assert app.title[0].value == "Console"


def test_signing_out_revokes_the_token(page: Page, console: FakeAirflow) -> None:
    press(opened(page, OVERVIEW), "sign_out")

    assert console.revoked == [TOKEN]


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::{:x}"])
def test_after_many_wrong_passwords_even_the_right_one_must_wait(
    address: str, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", attempts.PAIR.longest_seconds)  # no race
    app = page(OVERVIEW).run()
    for n, password in enumerate(["wrong"] * attempts.PAIR.free + [PASSWORD]):
        monkeypatch.setattr(type(st.context), "ip_address", address.format(n))  # AppTest has none
        st.cache_resource.clear()  # as a visitor could make Streamlit do: nothing is forgotten
        app.text_input(key="username").set_value(USER)
        app.text_input(key="password").set_value(password)
        press(app, "send_sign_in")

    assert "Too many attempts have failed" in app.error[0].value
    assert app.title[0].value == "Console"


def test_seeing_the_product_as_a_user_is_recorded_with_the_operators_token(
    page: Page, inspections: FakeInspections
) -> None:
    app = page(ACTIVITY).run()
    app.text_input(key="username").set_value(USER)
    app.text_input(key="password").set_value(PASSWORD)
    press(app, "send_sign_in")
    _, browser = app.session_state["renewed_browser"]
    visitors.BROWSERS.view_as(browser, "0042")

    assert visitors.BROWSERS.is_view_recorded(browser, "playground")
    assert inspections.looked == [("view as", "0042")]

    visitors.BROWSERS.view_as(browser, "0107")
    inspections.refusal = (503, "api-unavailable")
    assert not visitors.BROWSERS.is_view_recorded(browser, "playground")
