"""The form of a retrain, as the console builds its own from it."""

import pytest

from airflow_api import answers
from airflow_api.answers import Param
from dags import approval
from dags.form import retrain_form
from dashboards.console.retrain_rows import TrialCost
from dashboards.console.retrains import fields
from warehouse import datasets


@pytest.fixture(scope="module")
def params() -> dict[str, tuple[object, Param]]:
    """Airflow's own field and the console's, by name."""
    form = retrain_form(datasets.load_named("playground"))
    return {
        name: (field, Param(name, field.value, field.description or "", field.schema))
        for name, field in form.items()
    }


def test_airflow_accepts_the_values_of_each_preset(
    params: dict[str, tuple[object, Param]],
) -> None:
    shown = [param for _, param in params.values()]
    presets = (
        fields.defaults(shown),
        fields.quick(shown),
        fields.thorough(shown, TrialCost(600, 900)),
        fields.same_as(shown, {"search_budget_minutes": 15, "recipe": '{"kind": "als"}'}),
    )
    for values in presets:
        assert set(values) == set(params) - {fields.REASON}
        for name, value in values.items():
            assert fields.problem(params[name][1], value) is None
            assert params[name][0].resolve(value) == value  # type: ignore[attr-defined] # a field


def test_the_form_cannot_leave_out_the_approval_by_another_account() -> None:
    dataset = datasets.load_named("playground")
    schedule = dataset.schedule.model_copy(update={"approval_by_another": True})

    form = retrain_form(dataset.model_copy(update={"schedule": schedule}))

    assert set(retrain_form(dataset)) - set(form) == {"ask_for_approval"}


def test_the_tag_that_asks_for_another_account_is_the_one_that_is_read() -> None:
    assert approval.BY_ANOTHER == answers.APPROVAL_BY_ANOTHER
