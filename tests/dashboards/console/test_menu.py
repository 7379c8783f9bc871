"""The console's menu: the number of approvals that wait, on every page and in the tab's title."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards.console import menu, sources
from dashboards.console.sources import Account
from tests.support.dashboards.console_pages import signed_in
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow


def script() -> None:
    """The menu alone; AppTest opens only the default page of an app."""
    from dashboards import pages
    from dashboards.console import menu

    shown = [pages.overview(), pages.retrains()]
    menu.show({"Console": shown[:1], "Models": shown[1:]}, shown[0])


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles that the tab gets, in their order."""
    set_titles: list[str] = []
    original = st.set_page_config

    def set_page_config(**options: object) -> None:
        set_titles.append(str(options["page_title"]))
        original(**options)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(st, "set_page_config", set_page_config)
    return set_titles


def links(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def test_the_menu_and_the_title_have_the_number_of_waiting_approvals(
    airflow: FakeAirflow, titles: list[str]
) -> None:
    app = signed_in(AppTest.from_function(script)).run()
    assert links(app) == ["Overview", "Retrains"]
    assert titles == ["Overview · Lantern"]

    airflow.ask("manual__now")
    airflow.ask("r1", "Approve", "maya")  # it was answered
    sources.waiting.clear()
    app.run()

    assert not app.exception
    assert links(app) == ["Overview", "Retrains (1)"]
    assert titles[-1] == "(1) Overview · Lantern"


def test_all_pages_of_an_operator_ask_airflow_once_in_ten_seconds(airflow: FakeAirflow) -> None:
    maya, jonas = sources.sign_in(USER, PASSWORD), sources.sign_in(USER, PASSWORD)
    airflow.ask("manual__now")
    before = airflow.n_requests["hitlDetails"]
    for _ in range(3):
        assert len(sources.waiting(maya)) == 1
    sources.waiting(Account("jonas", jonas.airflow))

    assert airflow.n_requests["hitlDetails"] - before == 2


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_without_a_sign_in_nothing_is_asked(
    airflow: FakeAirflow,
    titles: list[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_signed_in: bool,
) -> None:
    polled: list[float | None] = []
    original = st.fragment

    def fragment(
        function: Callable[..., None] | None = None, *, run_every: float | None = None
    ) -> object:
        polled.append(run_every)
        return original(function, run_every=run_every)

    app = AppTest.from_function(script)
    if is_signed_in:
        signed_in(app)
    monkeypatch.setattr(st, "fragment", fragment)

    app.run()

    assert links(app) == ["Overview", "Retrains"]
    assert titles
    assert polled == [menu.SECONDS if is_signed_in else None]
    assert airflow.n_requests["hitlDetails"] == is_signed_in
