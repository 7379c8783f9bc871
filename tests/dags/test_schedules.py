"""When DAGs start: by new rows, by the manifest's schedule, or by a validated form."""

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import ParamValidationError

from dags import form
from dags.common import asset, by_asset_or_cron, by_cron
from warehouse import datasets
from warehouse.tables import SILVER_INTERACTIONS
from warehouse.tables.vocabulary import RECIPE_NAMES

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def first_run(dag: Any) -> datetime | None:
    """Return when the scheduler would first start the DAG by its cron expression."""
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    run = stored.next_dagrun_info(last_automated_run_info=None)
    return None if run is None else run.run_after


def awaited_assets(schedule: Any) -> list[Asset]:
    return list(schedule.asset_condition.objects)


def test_announce_updates_the_asset_that_starts_a_retrain(bag: "DagBag") -> None:
    for dataset in datasets.installed():
        new_rows = asset(SILVER_INTERACTIONS, dataset)
        ingest, retrain = bag.dags[f"{dataset.name}__ingest"], bag.dags[f"{dataset.name}__retrain"]
        assert new_rows.uri == f"lake://{dataset.name}/silver/interactions"
        assert ingest.get_task("announce").outlets == [new_rows]
        assert [t.task_id for t in ingest.tasks if t.outlets] == ["announce"]
        assert awaited_assets(retrain.timetable) == [new_rows]
        if dataset.takes_feedback:
            collect = bag.dags[f"{dataset.name}__collect"]
            assert [t.task_id for t in collect.tasks if t.outlets] == ["announce"]
            assert collect.get_task("announce").outlets == [new_rows]


def test_feedback_is_collected_every_five_minutes_by_default(
    bag: "DagBag",
) -> None:
    collect = bag.dags["playground__collect"]
    assert datasets.load_named("playground").schedule.collect == "*/5 * * * *"
    first = first_run(collect)
    assert first is not None
    assert first.minute % 5 == 0


def test_a_manifest_can_turn_scheduled_collecting_off() -> None:
    from dags.collect import collect

    dataset = datasets.load_named("playground")
    never = dataset.schedule.model_copy(update={"collect": None})
    assert first_run(collect(dataset.model_copy(update={"schedule": never}))) is None


def test_asset_names_differ_even_if_titles_do_not() -> None:
    first, second, *_ = datasets.installed()
    same_title = second.model_copy(update={"title": first.title})
    assert asset(SILVER_INTERACTIONS, first).name != asset(SILVER_INTERACTIONS, same_title).name


@pytest.mark.parametrize("minutes", [-1, 1, 60, 23 * 60])
def test_a_first_run_waits_for_the_next_scheduled_time(
    bag: "DagBag", monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    scheduled = [d.name for d in datasets.installed() if d.schedule.retrain == "0 3 * * *"]
    assert scheduled
    now = datetime(2026, 5, 22, 3, tzinfo=UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: now)
    for name in scheduled:
        first = first_run(bag.dags[f"{name}__retrain"])
        assert first is not None
        assert timedelta(0) < first - now <= timedelta(days=1)


def test_without_a_cron_expression_no_run_is_scheduled(bag: "DagBag") -> None:
    for dataset in datasets.installed():
        if dataset.schedule.ingest is None:
            assert first_run(bag.dags[f"{dataset.name}__ingest"]) is None
        if dataset.schedule.retrain is None:
            assert first_run(bag.dags[f"{dataset.name}__retrain"]) is None


def test_each_recipe_name_has_a_recipe() -> None:
    from jobs.engine import recipes

    assert tuple(form.RECIPES) == RECIPE_NAMES
    for dataset in datasets.installed():
        of_ratings = () if dataset.has_scale else ("als_minus_midpoint", "als_from_threshold")
        names = [name for name in RECIPE_NAMES if name not in of_ratings]
        assert [*recipes.by_name(dataset)] == names


def test_a_cron_expression_is_read_as_utc() -> None:
    clock = by_cron("0 3 * * *")
    assert clock is not None
    assert (clock.expression, str(clock.timezone)) == ("0 3 * * *", "UTC")
    assert by_cron(None) is None


def test_with_a_cron_expression_new_rows_still_start_a_run() -> None:
    new_rows = asset(SILVER_INTERACTIONS, datasets.installed()[0])
    assert awaited_assets(by_asset_or_cron(new_rows, "0 3 * * *")) == [new_rows]
    assert by_asset_or_cron(new_rows, None) == [new_rows]


def test_the_manifest_has_the_default_of_ask_for_approval() -> None:
    from dags.form import retrain_form

    for dataset in datasets.installed():
        schedule = dataset.schedule.model_copy(update={"ask_for_approval": True})
        form = retrain_form(dataset.model_copy(update={"schedule": schedule}))
        assert form["ask_for_approval"].value is True
        assert retrain_form(dataset)["ask_for_approval"].value is dataset.schedule.ask_for_approval


def filled(bag: "DagBag", field: str, value: object) -> dict[str, Any]:
    form = copy.deepcopy(bag.dags["playground__retrain"].params)
    form.update({field: value})
    return form.validate()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipe", "rm -rf /"),
        ("recipe", "../../etc/passwd"),
        ("recipe", 7),
        ("recipe", "{" + "x" * 4000 + "}"),
        ("search_budget_minutes", -1),
        ("search_budget_minutes", 121),
        ("search_budget_minutes", 1.5),
        ("search_budget_minutes", "10"),
        ("search_budget_minutes", None),
        ("search_max_trials", -1),
        ("search_max_trials", 2.5),
        ("search_family", "random"),
        ("search_family", None),
        ("ask_for_approval", "yes"),
        ("ask_for_approval", None),
        ("reason", "x" * 501),
        ("reason", ["a"]),
    ],
)
def test_the_form_rejects(bag: "DagBag", field: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        filled(bag, field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipe", ""),
        ("recipe", None),
        ("recipe", "als_32"),
        ("recipe", '{"algorithm":\n "als", "rank": 32}'),
        ("search_budget_minutes", 0),
        ("search_budget_minutes", 120),
        ("search_max_trials", 40),
        ("search_family", "als_with_priors"),
        ("ask_for_approval", True),
        ("reason", "Frische Filme, größere Liste"),
    ],
)
def test_the_form_accepts(bag: "DagBag", field: str, value: object) -> None:
    assert filled(bag, field, value)[field] == value
