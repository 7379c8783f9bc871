"""The page "Models" over a lake that retrains have written, and an Airflow that runs one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from airflow_api.answers import Question
from dashboards.console import data, retrains
from dashboards.console.models import history, leaderboard, rolling, trial_charts
from dashboards.console.retrains import Retrain, Trial
from dashboards.text import esc
from tests.support.dashboards import searched, shop
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow

PAGE = "console/models/page.py"
COLOURS = {"complete": "violet", "final": "green", "pruned": "gray", "failed": "red"}


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where the data set's lake is; nothing is in it yet."""
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path / "inbox"))
    return str(tmp_path / "lake" / "playground")


@pytest.fixture
def airflow(
    request: pytest.FixtureRequest, root: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeAirflow]:
    assert root
    request.getfixturevalue("demo")
    fake = FakeAirflow()
    with fake.served() as url:
        monkeypatch.setenv("CONSOLE_AIRFLOW_URL", url)
        yield fake


@pytest.fixture
def lake(root: str) -> str:
    searched.write(root, n_trials=14)
    return root


def signed_in(page: Page, retrain_id: str | None = None) -> AppTest:
    shown = page(PAGE)
    shown.session_state["operator"] = data.sign_in(USER, PASSWORD)
    if retrain_id:
        shown.query_params["retrain"] = retrain_id
    return shown.run()


def trial(number: int, value: float | None, state: str = "complete", **changed: object) -> Trial:
    given: dict[str, object] = {
        "number": number,
        "stage": "explore",
        "recipe": f"als-{number}",
        "recipe_json": "{}",
        "parameters": {},
        "state": state,
        "value": value,
        "by_window": {},
        "seconds": 6.0,
        "failure": None,
    }
    return Trial(**(given | changed))  # type: ignore[arg-type] # as written above


@pytest.mark.usefixtures("airflow")
def test_nobody_sees_it_who_did_not_sign_in(page: Page, lake: str) -> None:
    assert lake
    shown = page(PAGE).run()

    assert not shown.exception
    assert shown.title[0].value == "Console"
    assert not shown.table


@pytest.mark.usefixtures("airflow")
def test_before_the_first_retrain_it_says_what_will_be_here(page: Page) -> None:
    shown = signed_in(page)

    assert not shown.exception
    assert "No model was judged yet" in words(shown)


@pytest.mark.usefixtures("airflow", "lake")
def test_a_promotion_is_shown_with_all_its_evidence(page: Page) -> None:
    shown = signed_in(page, searched.SEARCHED)

    assert not shown.exception
    figures = {each.label: (each.value, each.delta) for each in shown.metric}
    assert figures["Challenger's NDCG@10"] == ("0.2690", "1,121 people")
    assert figures["Lead over the live recipe"] == ("+0.0080", "+0.002 to +0.014")
    assert figures["Trials"][0] == "14"
    said, told = words(shown), cells(shown).replace("\\\\", "\\")
    assert esc(shop.verdicts()[0].reason) in said
    for heading in ("Verdict", "Leaderboard", "Search", "Three people", "Rolling windows"):
        assert heading in said
    assert ":gray-badge[baseline] ease" in told
    assert "0.2760" in told  # the challenger's mean over the rolling windows
    assert "1 trial failed" in said
    assert r"\<rank\> 12" in said


@pytest.mark.usefixtures("airflow", "lake")
def test_titles_of_lists_are_literal_and_hits_are_marked(page: Page) -> None:
    shown = signed_in(page, searched.SEARCHED)

    assert [tab.label for tab in shown.tabs] == [
        "Person 1088 · rated little",
        "Person 2544 · rated some",
        "Person 4169 · rated much",
    ]
    listed = [
        each.value for each in shown.tabs[0].markdown if "radio_button_unchecked" in each.value
    ]
    assert len(listed) == 3
    assert any("check_circle" in each for each in listed)
    for title in shop.HOSTILE:
        assert title not in "".join(listed)
    assert any(esc(title) in "".join(listed) for title in shop.HOSTILE)


@pytest.mark.usefixtures("airflow", "lake")
def test_another_slice_is_another_leaderboard(page: Page) -> None:
    shown = signed_in(page, searched.SEARCHED)
    assert "Coverage" in cells(shown)

    shown.segmented_control(key="slice").set_value("cold").run()

    assert not shown.exception
    assert "0.4035" in cells(shown)
    assert "Coverage" not in cells(shown)
    assert "643 people" in words(shown)


@pytest.mark.usefixtures("airflow", "lake")
@pytest.mark.parametrize("view", ["By trial", "By parameter", "Best recipes"])
def test_trials_are_shown_in_three_ways(page: Page, view: str) -> None:
    shown = signed_in(page, searched.SEARCHED)

    shown.segmented_control(key="view").set_value(view).run()

    assert not shown.exception
    if view == "Best recipes":
        assert ":green-badge[final]" in cells(shown)
        assert '"kind": "als"' in shown.code[0].value


@pytest.mark.usefixtures("airflow", "lake")
def test_a_retrain_without_a_search_says_so(page: Page) -> None:
    shown = signed_in(page, searched.REFRESHED)

    assert not shown.exception
    assert "No budget was given" in words(shown)
    assert {each.label: each.value for each in shown.metric}["Search"] == "No search"
    assert not shown.tabs


@pytest.mark.usefixtures("airflow")
def test_a_search_is_seen_while_it_runs(page: Page, lake: str) -> None:
    shown = signed_in(page)
    assert not shown.exception
    assert "The first trial ends" in words(shown)
    assert not shown.metric

    searched.tried(lake, searched.RUNNING, 3)
    data.trials.clear()
    shown.run()

    assert not shown.exception
    assert "3 trials, the best so far" in words(shown)
    assert "of 5:00" in str(shown.get("progress")[0].proto.text)


@pytest.mark.usefixtures("airflow")
def test_a_search_that_ended_badly_says_so(page: Page, lake: str, airflow: FakeAirflow) -> None:
    assert lake
    airflow.runs[0]["state"] = "failed"

    shown = signed_in(page)

    assert not shown.exception
    assert "ended before its search tried anything" in words(shown)
    assert "Did not end" in "".join(each.value for each in shown.markdown)


@pytest.mark.usefixtures("lake")
def test_a_refusal_is_seen_and_by_whom(page: Page, airflow: FakeAirflow) -> None:
    airflow.ask(shop.RETRAIN.split("/")[1], "Reject", "jonas <b>")

    shown = signed_in(page, searched.SEARCHED)

    assert not shown.exception
    assert r"refused by jonas \<b\>" in shown.warning[0].value
    assert "Refused" in cells(shown)


@pytest.mark.usefixtures("lake")
def test_a_question_is_answered_beside_its_evidence(page: Page, airflow: FakeAirflow) -> None:
    airflow.ask("manual__now")
    shown = signed_in(page)

    shown.button(key="approve").click().run()

    assert not shown.exception
    assert airflow.answers == ["Approve"]


@pytest.mark.usefixtures("lake")
def test_an_airflow_that_is_away_hides_nothing_of_the_lake(
    page: Page, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert airflow
    operator = data.sign_in(USER, PASSWORD)
    shown = page(PAGE)
    shown.session_state["operator"] = operator
    shown.query_params["retrain"] = searched.SEARCHED

    def away(*_: object) -> None:
        from airflow_api.client import AirflowUnavailableError

        raise AirflowUnavailableError("x")

    for name in ("runs", "questions", "paused", "tasks"):
        monkeypatch.setattr(data, name, away)
    shown.run()

    assert not shown.exception
    assert any("Airflow does not answer" in each.value for each in shown.warning)
    assert "0.2690" in cells(shown)


def test_the_best_so_far_never_falls_and_leaves_finalists_out() -> None:
    found = [
        trial(0, 0.25),
        trial(1, 0.24),
        trial(2, 0.3, "pruned"),
        trial(3, None, "failed"),
        trial(4, 0.26),
        trial(5, 0.27, stage="final"),
    ]
    assert retrains.best_so_far(found) == [(0, 0.25), (1, 0.25), (4, 0.26)]
    assert list(trial_charts.line(found)["number"]) == [0, 1, 4, 5]
    assert retrains.best(found) == found[5]
    assert retrains.best(found[:3]) == found[0]
    assert retrains.best([]) is None
    assert retrains.best_so_far([]) == []


def test_a_pruned_trial_stands_where_it_would_had_it_seen_all_windows() -> None:
    found = [
        trial(0, 0.20, by_window={"a": 0.30, "b": 0.10}),
        trial(1, 0.22, by_window={"a": 0.32, "b": 0.12}),
        trial(2, 0.29, "pruned", by_window={"a": 0.29}),
        trial(3, None, "failed"),
    ]
    assert retrains.comparable(found) == pytest.approx({0: 0.20, 1: 0.22, 2: 0.19})
    assert retrains.comparable(found[2:]) == {2: 0.29}
    assert list(trial_charts.by_trial(found)["value"]) == pytest.approx([0.20, 0.22, 0.19])


def test_a_parameter_that_never_changed_is_no_slice() -> None:
    found = [
        trial(0, 0.25, parameters={"rank": 8, "reg": 0.3, "kind": "a_b"}),
        trial(1, 0.24, parameters={"rank": 8, "reg": 0.9, "kind": "c"}),
        trial(2, None, "failed", parameters={"reg": 0.5}),
    ]
    assert trial_charts.parameters(found) == ["reg", "kind"]
    shown = trial_charts.slice_of(found, "reg", COLOURS).to_dict()
    assert len(next(iter(shown["datasets"].values()))) == 2


@pytest.mark.parametrize(
    ("values", "kind"), [((0.2, 1.2), "log"), ((0.1, 0.9), "linear"), ((6, 12), "linear")]
)
def test_wide_numbers_are_drawn_on_a_log_scale(values: tuple[float, float], kind: str) -> None:
    found = [trial(n, 0.2, parameters={"x": value}) for n, value in enumerate(values)]
    shown = trial_charts.slice_of(found, "x", COLOURS).to_dict()
    assert shown["encoding"]["x"]["scale"]["type"] == kind


def test_hopeless_trials_do_not_squash_the_others() -> None:
    found = [trial(n, 0.26 + n / 1000) for n in range(9)] + [trial(9, 0.01)]
    shown = trial_charts.progress(trial_charts.by_trial(found), trial_charts.line(found), COLOURS)
    low, high = shown.to_dict()["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert 0.2 < low < 0.26
    assert high > 0.268


def test_only_what_stands_out_is_bold_and_inequality_never_is() -> None:
    def figure(recipe: str, metric: str, value: float) -> retrains.Figure:
        return retrains.Figure(recipe, "challenger", "gate", "warm", metric, value, 9, None)

    rows = leaderboard.rows(
        [
            figure("a", "ndcg@10", 0.2),
            figure("b", "ndcg@10", 0.3),
            figure("a", "gini@10", 0.9),
            figure("b", "gini@10", 0.8),
            figure("a", "recall@10", 0.1),
            figure("b", "recall@10", 0.1),
        ],
        "warm",
    )
    assert [row["NDCG@10"] for row in rows] == ["**0.3000**", "0.2000"]
    assert [row["Gini"] for row in rows] == ["0.800", "0.900"]
    assert [row["Recall@10"] for row in rows] == ["0.100", "0.100"]
    assert "Coverage" not in rows[0]


def test_windows_stand_in_their_order_the_gate_last() -> None:
    def figure(window: str) -> retrains.Figure:
        return retrains.Figure("a", "challenger", window, "warm", "ndcg@10", 0.2, 9, None)

    found = rolling.windows([figure(w) for w in ("gate", "rolling_60", "rolling_40")])
    assert list(found["window"]) == ["After 40 %", "After 60 %", "Gate"]
    assert rolling.windows([]).empty


def test_how_a_retrain_ended_is_told_in_words() -> None:
    found = Retrain("a__retrain/one", shop.NOW, "", None, shop.verdicts()[0])
    asked = Question("approve", "?", "", shop.NOW, None, None, None)
    refused = Question("approve", "?", "", shop.NOW, "Reject", None, shop.NOW)
    assert history.outcome(found) == ("ok", "Promoted")
    assert history.outcome(found, asked, {"one"}) == ("warn", "Waits for an answer")
    assert history.outcome(found, refused) == ("bad", "Refused")
    assert history.outcome(found, None, {"one"}) == ("run", "Running")
    assert history.outcome(Retrain("a__retrain/one", shop.NOW, "", None, None))[1] == "No verdict"


def test_a_retrain_keeps_its_label_from_its_start_to_its_end() -> None:
    begun = Retrain("a__retrain/one", shop.NOW, "New rows", None, None)
    ended = Retrain("a__retrain/one", shop.NOW, "New rows", None, shop.verdicts()[0])
    later = Retrain("a__retrain/two", shop.NOW + timedelta(seconds=1), "New rows", None, None)
    assert history.label(begun) == history.label(ended) != history.label(later)


def test_retrains_stand_newest_first_and_join_what_is_known() -> None:
    at = [shop.NOW - timedelta(hours=hours) for hours in (2, 1)]
    rows = [
        {"retrain_id": f"r/{n}", "nominated_at": when, "reason": ""} for n, when in enumerate(at)
    ]
    found = retrains.retrains(rows, [], [])
    assert [each.retrain_id for each in found] == ["r/1", "r/0"]
    assert found[0].run_id == "1"
    assert found[0].search is None
