"""The form that starts a retrain."""

import pytest
from streamlit.testing.v1 import AppTest

from airflow_api.answers import Param
from dashboards.console.retrain_rows import TrialCost
from dashboards.console.retrains import fields, start
from dashboards.console.sources import Usual
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import RETRAINS, opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.dashboards.fake_retrains import PARAMS

COST = TrialCost(preparation=600, per_trial=20)
ALL = [
    Param(name, fields["value"], fields["description"], fields["schema"])
    for name, fields in PARAMS.items()
]


@pytest.fixture
def idle(retraining: FakeOperations) -> FakeOperations:
    """The console without an active retrain."""
    del retraining.airflow.runs[0]
    return retraining


def write_recipe(app: AppTest, text: str) -> None:
    """Write a recipe that is none of the field's options."""
    field = app.selectbox(key="param_recipe")
    field.options.append(text)
    field.set_value(text)


def test_the_form_has_the_fields_of_the_dag_and_starts_a_retrain(
    page: Page, idle: FakeOperations
) -> None:
    app = opened(page, RETRAINS)
    assert app.number_input(key="param_search_budget_minutes").max == 120
    assert app.selectbox(key="param_search_family").options == ["All recipes", "ALS without priors"]
    app.number_input(key="param_search_budget_minutes").set_value(15)
    recipes = app.selectbox(key="param_recipe")
    assert recipes.options == ["default", "als: ALS of ratings", "popular"]
    assert recipes.value is None
    app.toggle(key="param_ask_for_approval").set_value(True)
    write_recipe(app, ' {"kind": "als"}\n')
    app.text_input(key="retrain_reason").set_value("new titles")

    press(app, "send_retrain")

    values = {"recipe": '{"kind": "als"}', "search_budget_minutes": 15, "search_family": "any"}
    started = values | {"ask_for_approval": True, "reason": "new titles"}
    assert idle.airflow.started == [started]
    assert "Retrain is started" in app.success[0].value
    assert (idle.entries[-1].action, idle.entries[-1].actor) == ("start_retrain", "maya")
    assert not app.text_input(key="retrain_reason").value
    assert app.button(key="send_retrain").disabled  # another one would wait


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ("magic", "there is no recipe 'magic'. Names: default, als, popular."),
        ('{"kind": "als",}', "this is not JSON (Illegal trailing comma"),
        ('{"kind": "als"', "this is not JSON (Expecting ',' delimiter, line 1, character 15)"),
        ('{"rank": 8}', 'the JSON has no "kind"'),
        ('{"kind": "magic"}', "no recipe of the kind 'magic'"),
        ("x" * 4001, "4,001 characters are more than the 4,000 allowed"),
    ],
)
def test_a_wrong_recipe_is_explained(recipe: str, sentence: str) -> None:
    problem = fields.problem(ALL[0], recipe)
    assert problem
    if "trailing comma" not in sentence:  # the words depend on the version of Python
        assert sentence in problem


@pytest.mark.parametrize("recipe", ["", " ", "popular", ' {"kind": "als", "rank": 8}'])
def test_names_and_json_of_recipes_are_valid(recipe: str) -> None:
    assert fields.problem(ALL[0], recipe) is None


def test_a_number_or_a_choice_outside_of_the_form_is_explained() -> None:
    assert fields.problem(ALL[1], 121) == (
        "Search budget in minutes: 121 is not between 0 and 120."
    )
    assert "'deep' is not one of any, als" in (fields.problem(ALL[2], "deep") or "")
    assert fields.problem(ALL[3], True) is None  # noqa: FBT003 # a value


def test_what_is_not_valid_is_not_sent(page: Page, idle: FakeOperations) -> None:
    app = opened(page, RETRAINS)
    write_recipe(app, "{oops")

    press(app, "send_retrain")

    text = warnings(app).replace("\\", "")
    assert "Recipe: this is not JSON" in text
    assert "Enter a reason." in text
    assert idle.airflow.started == []


def test_a_value_that_airflow_refuses_is_reported(page: Page, idle: FakeOperations) -> None:
    idle.airflow.refuses_values = True
    app = opened(page, RETRAINS)
    app.text_input(key="retrain_reason").set_value("new titles")

    press(app, "send_retrain")

    assert "Airflow refused a value" in warnings(app)
    assert app.text_input(key="retrain_reason").value == "new titles"


def test_while_a_retrain_runs_another_one_starts_only_if_it_may_wait(
    page: Page, retraining: FakeOperations
) -> None:
    app = opened(page, RETRAINS)
    assert "another one waits until it has ended" in warnings(app)
    assert app.button(key="send_retrain").disabled

    app.toggle(key="retrain_may_wait").set_value(True)
    app.text_input(key="retrain_reason").set_value("after it").run()
    press(app, "send_retrain")

    assert len(retraining.airflow.started) == 1
    assert "It waits until the active one has ended" in app.success[0].value

    app.text_input(key="reason_cancel_manual__new").set_value("not needed")
    press(app, "send_cancel_manual__new")

    assert retraining.airflow.runs[0]["note"] == "Stopped by maya: not needed"
    assert retraining.airflow.runs[1]["state"] == "running"


def test_a_retrain_that_another_operator_started_meanwhile_is_not_doubled(
    page: Page, idle: FakeOperations
) -> None:
    app = opened(page, RETRAINS)
    idle.airflow.add_run({}, "jonas")
    app.text_input(key="retrain_reason").set_value("new titles")

    press(app, "send_retrain")

    assert "Another retrain was started meanwhile" in warnings(app)
    assert idle.airflow.started == []


def test_presets_fill_the_form(page: Page, idle: FakeOperations) -> None:
    idle.airflow.runs[0]["conf"] = {"search_budget_minutes": 7, "search_family": "als", "old": 1}
    app = opened(page, RETRAINS)

    press(app, "preset_same_as_the_last")
    assert app.number_input(key="param_search_budget_minutes").value == 7
    assert app.selectbox(key="param_search_family").value == "als"
    press(app, "preset_thorough")
    assert app.number_input(key="param_search_budget_minutes").value == 60
    press(app, "preset_quick")
    assert app.number_input(key="param_search_budget_minutes").value == 0
    assert "No search" in words(app)


def test_a_thorough_search_has_time_for_thirty_trials_within_the_limits() -> None:
    assert fields.thorough(ALL, COST)["search_budget_minutes"] == 20  # 600 s + 30 x 20 s
    slow = TrialCost(preparation=600, per_trial=900)
    assert fields.thorough(ALL, slow)["search_budget_minutes"] == 120
    assert "reason" not in fields.thorough(ALL, COST)


def test_a_value_of_an_earlier_form_that_is_not_valid_any_more_is_the_default() -> None:
    conf = {"search_budget_minutes": 500, "search_family": "deep", "recipe": None, "reason": "x"}
    assert fields.same_as(ALL, conf) == fields.defaults(ALL)


@pytest.mark.parametrize(
    ("minutes", "cost", "text"),
    [
        (0, COST, "No search. In total about 5 min, as in 3 earlier runs."),
        (20, COST, "About 30 trials in 20 min of search. In total about 25 min"),
        (2, COST, "About 1 trial in 10 min of search. In total about 15 min"),
        (15, None, "Up to 15 min of search. The first search shows how many trials fit."),
    ],
)
def test_the_estimate_has_trials_and_time(minutes: int, cost: TrialCost, text: str) -> None:
    usual = Usual({"evaluate": 200, "fit": 100, "search": 999, "approve": 999}, n_runs=3)
    assert start.estimate({"search_budget_minutes": minutes}, cost, usual).startswith(text)


def test_before_the_first_retrain_the_estimate_says_that_nothing_is_known() -> None:
    text = start.estimate({"search_budget_minutes": 0}, None, Usual({}, 0))
    assert "known after the first retrain" in text


def test_a_dag_that_is_not_loaded_yet_has_no_form(page: Page, idle: FakeOperations) -> None:
    idle.airflow.has_dag = False
    app = opened(page, RETRAINS)
    assert "not loaded this data set's DAG yet" in words(app)
    assert "send_retrain" not in keys(app)
