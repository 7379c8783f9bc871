from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from airflow_api.client import AirflowUnavailableError, NotAllowedError, SignInRefusedError
from dashboards import product_api as demo_data
from dashboards.console import data
from dashboards.console.data import Loop, Operator, TableState
from dashboards.text import esc
from serving.errors import ApiUnavailableError
from serving.schemas import OutboxState
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow
from tests.support.jobs.product import balanced, collect
from warehouse.append import append
from warehouse.errors import TableMissingError
from warehouse.reconciliation import Reconciliation
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import GOLD_FITS, SILVER_INTERACTIONS, SILVER_ITEMS, SILVER_QUARANTINE

PAGE = "console/overview/page.py"


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAirflow]:
    fake = FakeAirflow()
    with fake.served() as url:
        monkeypatch.setenv("CONSOLE_AIRFLOW_URL", url)
        yield fake


@pytest.fixture
def console(
    request: pytest.FixtureRequest,
    airflow: FakeAirflow,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> FakeAirflow:
    """The console over a fake Airflow; evidence and lake as the fixtures have them."""
    request.getfixturevalue("demo")
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setattr(data, "releases", lambda _: fresh(shop.releases()))
    monkeypatch.setattr(data, "verdicts", lambda _: fresh(shop.verdicts()))
    monkeypatch.setattr(data, "outbox", lambda _: fresh(OutboxState(n_events=0, n_waiting=0)))
    return airflow


def signed_in(page: Page) -> AppTest:
    shown = page(PAGE)
    shown.session_state["operator"] = data.sign_in(USER, PASSWORD)
    return shown.run()


@pytest.mark.usefixtures("console")
def test_nothing_is_shown_before_somebody_signed_in(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert shown.title[0].value == "Console"
    assert not shown.table
    assert not shown.metric


@pytest.mark.usefixtures("console")
def test_a_right_password_opens_the_console(page: Page) -> None:
    shown = page(PAGE).run()
    shown.text_input(key="username").set_value(USER)
    shown.text_input(key="password").set_value(PASSWORD)

    shown.button(key="send_sign_in").click().run()

    assert not shown.exception
    assert shown.title[0].value == "Overview"
    assert PASSWORD not in str(shown.session_state)


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(
    ("user", "password", "said"),
    [(USER, "wrong", "password is wrong"), (USER, "", "Type a user"), (" ", "x", "Type a user")],
)
def test_a_wrong_password_is_told_and_opens_nothing(
    page: Page, user: str, password: str, said: str
) -> None:
    shown = page(PAGE).run()
    shown.text_input(key="username").set_value(user)
    shown.text_input(key="password").set_value(password)

    shown.button(key="send_sign_in").click().run()

    assert not shown.exception
    assert said in "".join(each.value for each in [*shown.error, *shown.warning])
    assert shown.title[0].value == "Console"


@pytest.mark.usefixtures("console")
def test_an_airflow_that_is_away_is_told(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "http://127.0.0.1:9")
    shown = page(PAGE).run()
    shown.text_input(key="username").set_value(USER)
    shown.text_input(key="password").set_value(PASSWORD)

    shown.button(key="send_sign_in").click().run()

    assert not shown.exception
    assert "Airflow does not answer" in shown.error[0].value


@pytest.mark.usefixtures("console")
def test_signing_out_closes_the_console(page: Page) -> None:
    shown = signed_in(page)

    shown.button(key="sign_out").click().run()

    assert not shown.exception
    assert shown.title[0].value == "Console"


def test_a_session_that_is_over_asks_to_sign_in_again(page: Page, console: FakeAirflow) -> None:
    shown = page(PAGE)
    shown.session_state["operator"] = data.sign_in(USER, PASSWORD)
    console.expired = True

    shown.run()

    assert not shown.exception
    assert "session has ended" in shown.info[0].value
    assert shown.title[0].value == "Console"


@pytest.mark.usefixtures("console")
def test_shows_what_is_live_and_how_it_was_judged(page: Page) -> None:
    shown = signed_in(page)

    assert not shown.exception
    figures = {each.label: (each.value, each.delta) for each in shown.metric}
    assert figures["Live release"] == ("#12", "2 h")
    assert figures["People with a list"] == ("6,040", "+12")
    assert figures["Last verdict"][0] == "Promoted"
    assert figures["NDCG@10 vs popularity"] == ("0.269", "+0.019")
    assert esc(shop.verdicts()[0].reason) in words(shown)
    assert r"Not judged\: no \<champion\>\." in cells(shown).replace("\\\\", "\\")


@pytest.mark.usefixtures("console")
def test_shows_the_running_retrain_and_the_last_runs(page: Page) -> None:
    shown = signed_in(page)

    assert not shown.exception
    said = cells(shown)
    assert "Evaluate on a frozen window" in said
    assert "Publish the lists" in said
    assert "violet-badge" in said
    assert "Promoted" in said
    assert "Failed" in said
    assert "of 8 tasks done" in str(shown.get("progress")[0].proto.text)


@pytest.mark.usefixtures("console")
def test_a_pause_of_publishing_is_shown_at_the_top(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = shop.releases()
    paused = first.model_copy(update={"publishing_paused_by": "jonas <b>"})
    monkeypatch.setattr(data, "releases", lambda _: fresh([paused, *others]))

    shown = signed_in(page)

    assert not shown.exception
    assert r"jonas \<b\> paused publishing" in shown.warning[0].value


def test_a_fresh_install_says_that_nothing_ran(
    page: Page, console: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.runs.clear()
    monkeypatch.setattr(data, "releases", lambda _: fresh([]))
    monkeypatch.setattr(data, "verdicts", lambda _: fresh([]))

    shown = signed_in(page)

    assert not shown.exception
    said = words(shown)
    for expected in ("Nothing is live yet", "No run yet", "Never ran", "None yet", "lake is empty"):
        assert expected in said


def test_a_retrain_is_started_with_its_reason(page: Page, console: FakeAirflow) -> None:
    shown = signed_in(page)
    shown.text_input(key="reason").set_value("new titles")

    shown.button(key="send_retrain").click().run()

    assert not shown.exception
    form = {"search_budget_minutes": 0, "search_family": "any", "ask_for_approval": False}
    assert [each["conf"] for each in console.started] == [form | {"reason": "new titles"}]
    assert "Started" in shown.toast[0].value


def test_a_search_and_a_question_are_asked_for_in_the_form(
    page: Page, console: FakeAirflow
) -> None:
    shown = signed_in(page)
    shown.select_slider(key="search_minutes").set_value(15)
    shown.segmented_control(key="search_family").set_value("als_with_priors")
    shown.toggle(key="ask_for_approval").set_value(True)

    shown.button(key="send_retrain").click().run()

    assert not shown.exception
    (started,) = console.started
    assert started["conf"] == {
        "search_budget_minutes": 15,
        "search_family": "als_with_priors",
        "ask_for_approval": True,
        "reason": "",
    }


@pytest.mark.parametrize(("button", "answer"), [("approve", "Approve"), ("reject", "Reject")])
def test_a_question_is_answered_where_it_is_seen(
    page: Page, console: FakeAirflow, button: str, answer: str
) -> None:
    console.ask("manual__now")
    shown = signed_in(page)
    assert esc("Playground: publish this model?") in words(shown)
    assert "Waits for an answer" in cells(shown)

    shown.button(key=button).click().run()

    assert not shown.exception
    assert console.answers == [answer]
    assert not [each for each in shown.button if each.key == button]


def test_a_refused_run_is_not_shown_as_promoted(page: Page, console: FakeAirflow) -> None:
    console.ask(shop.RETRAIN.split("/")[1], "Reject", "maya")

    shown = signed_in(page)

    assert not shown.exception
    assert "Refused" in cells(shown)


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("runs", AirflowUnavailableError("x"), "Airflow does not answer"),
        ("runs", NotAllowedError("x"), "role in Airflow does not allow"),
        ("releases", ApiUnavailableError("x"), "recommendation service"),
        ("tables", TableMissingError("x"), "lake can't be read"),
        ("loop", TableMissingError("x"), "lake can't be read"),
        ("outbox", ApiUnavailableError("x"), "recommendation service"),
        ("tables", demo_data.NotSetUpError("LAKE_ROOT"), "Not set up"),
    ],
)
def test_trouble_of_one_part_leaves_the_others(
    page: Page, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(data, name, fail)

    shown = signed_in(page)

    assert not shown.exception
    assert any(said in each.value for each in shown.warning)
    assert shown.title[0].value == "Overview"
    assert shown.subheader


def test_airflow_pages_have_the_address_that_people_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("CONSOLE_AIRFLOW_PUBLIC_URL", "https://airflow.test/")

    assert data.airflow_page("a__retrain") == "https://airflow.test/dags/a__retrain"
    assert data.airflow_page("a", "manual__1+0").endswith("/dags/a/runs/manual__1%2B0")


def test_usually_is_the_median_of_good_runs(airflow: FakeAirflow) -> None:
    operator = data.sign_in(USER, PASSWORD)

    usual = data.usual_seconds(operator, "playground__retrain")

    assert usual["evaluate"] == pytest.approx(58 * 1.04)
    assert airflow.runs


def test_a_wrong_password_is_no_operator(airflow: FakeAirflow) -> None:
    assert airflow.runs
    with pytest.raises(SignInRefusedError):
        data.sign_in(USER, "wrong")


def test_answers_of_airflow_are_kept_by_operator() -> None:
    class Asked:
        n = 0

        def runs(self, *_: object, **__: object) -> list[object]:
            Asked.n += 1
            return []

    for name in ("maya", "maya", "jonas"):
        data.runs(Operator(name, Asked()), "a__retrain", 3)  # type: ignore[arg-type] # counts only

    assert Asked.n == 2


def test_tables_say_whether_people_see_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path / "inbox"))
    root = LakeSettings().of("playground")
    item = {"item_id": "1", "title": "Heat", "categories": ["Crime"], "vendor": None}
    append(root, SILVER_ITEMS, [item | {"released": 1995}], run_key=RunKey("a", "1", "refine"))
    append(root, SILVER_ITEMS, [item | {"released": 1996}], run_key=RunKey("a", "2", "refine"))
    _a_fit(root, {"silver.items": 1})

    found = {each.table.name: each for each in data.tables("playground", "a__retrain/1")}

    assert set(found) == {"items", "fits"}
    assert found["items"].n_rows == 2
    assert found["items"].version > 1
    assert found["items"].version_served == 1
    assert found["fits"].version_served is None


@pytest.mark.usefixtures("console")
def test_the_lake_says_what_the_lists_do_not_know_yet(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = TableState(SILVER_INTERACTIONS, 1000209, 5, shop.NOW, 4)
    same = TableState(SILVER_ITEMS, 3883, 1, shop.NOW, 1)
    monkeypatch.setattr(data, "tables", lambda *_: [newer, same])

    shown = signed_in(page)

    assert not shown.exception
    assert r"Not in the live lists yet\: silver" not in words(shown)
    assert r"Not in the live lists yet: silver\.interactions" in words(shown)
    assert "1,000,209" in cells(shown)
    assert "In the live lists" in cells(shown)


@pytest.mark.usefixtures("console")
def test_the_loop_says_that_nothing_was_sent_yet(page: Page) -> None:
    shown = signed_in(page)

    assert not shown.exception
    assert "No event was sent yet" in words(shown)
    assert "sheet" not in words(shown)


@pytest.mark.usefixtures("console")
def test_the_loop_says_what_waits_and_that_the_sheet_closes(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = timedelta(minutes=2, seconds=30)
    waits = OutboxState(n_events=1234, n_waiting=34, oldest_waiting_at=datetime.now(UTC) - minutes)
    monkeypatch.setattr(data, "outbox", lambda _: fresh(waits))
    root = LakeSettings().of("playground")
    collect(root, "a", *[("rate", "u", "a", 3.0, 100)] * 7)
    balanced(root, "a", 7)

    shown = signed_in(page)

    assert not shown.exception
    figures = {each.label: each.value for each in shown.metric}
    assert figures["Wait in Postgres"] == "34"
    assert figures["The oldest waits for"] == "2 min"
    assert figures["Wait to be refined"] == "7"
    assert "The sheet closes" in words(shown)
    assert "42 s" in cells(shown)


@pytest.mark.usefixtures("console")
def test_a_sheet_that_does_not_close_is_told(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Loop(Reconciliation(n_outbox=9, n_bronze=8, n_accepted=8), ())
    monkeypatch.setattr(data, "loop", lambda _: found)

    shown = signed_in(page)

    assert not shown.exception
    assert "The sheet does not close" in words(shown)


@pytest.mark.usefixtures("console")
def test_collecting_that_is_late_is_told(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = shop.NOW - timedelta(hours=1)
    waits = OutboxState(n_events=1, n_waiting=1, oldest_waiting_at=long_ago)
    monkeypatch.setattr(data, "outbox", lambda _: fresh(waits))

    shown = signed_in(page)

    assert not shown.exception
    assert "Collecting is late" in words(shown)


def test_freshness_is_told_from_versions() -> None:
    from dashboards.console.overview.lake import freshness

    def state(version: int, served: int | None) -> TableState:
        return TableState(SILVER_INTERACTIONS, 10, version, shop.NOW, served)

    assert freshness(state(3, 3)) == ("ok", "In the live lists")
    assert freshness(state(4, 3)) == ("warn", "Newer than the lists")
    assert freshness(state(4, None)) == ("idle", "")
    refused = TableState(SILVER_QUARANTINE, 7, 1, shop.NOW, None)
    assert freshness(refused) == ("warn", "7 refused")


def _a_fit(root: str, versions: dict[str, int]) -> None:
    texts = ("recipe", "recipe_json", "constants", "code_commit", "run_key")
    numbers = ("n_users", "n_items", "n_ratings")
    row: dict[str, object] = dict.fromkeys(texts, "x") | dict.fromkeys(numbers, 1)
    row |= {"retrain_id": "a__retrain/1", "versions": versions}
    row |= {"fit_seconds": 1.0, "fitted_at": shop.NOW}
    append(root, GOLD_FITS, [row], run_key=RunKey("a__retrain", "1", "fit"))
