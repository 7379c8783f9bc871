import pytest

from dashboards.console import lake_data, sources
from dashboards.console.sources import Account
from tests.support.dashboards import shop
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_FITS, SILVER_ITEMS


def test_links_use_the_public_address_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("CONSOLE_AIRFLOW_PUBLIC_URL", "https://airflow.test/")

    assert sources.airflow_page("a__retrain") == "https://airflow.test/dags/a__retrain"
    assert sources.airflow_page("a", "manual__1+0").endswith("/dags/a/runs/manual__1%2B0")


def test_the_usual_duration_is_the_median_of_successful_runs_with_the_same_budget(
    airflow: FakeAirflow,
) -> None:
    airflow.runs[1]["conf"] = {"search_budget_minutes": 5}
    account = sources.sign_in(USER, PASSWORD)

    with_search = sources.usual(account, "playground__retrain", 5)
    without, other = (sources.usual(account, "playground__retrain", n) for n in (0, 2))

    assert with_search.seconds["evaluate"] == pytest.approx(58 * 1.04)
    assert (with_search.n_runs, without.n_runs, other.n_runs) == (1, 1, 0)
    assert other.seconds == {}
    assert "approve" not in with_search.seconds
    itself = sources.usual(account, "playground__retrain", 5, airflow.runs[1]["dag_run_id"])
    assert itself.n_runs == 0


def test_answers_of_airflow_are_cached_per_operator() -> None:
    class CountingAirflow:
        n_calls = 0

        def runs(self, *_: object, **__: object) -> list[object]:
            CountingAirflow.n_calls += 1
            return []

    for name in ("maya", "maya", "jonas"):
        account = Account(name, CountingAirflow())  # type: ignore[arg-type] # counts only
        sources.runs(account, "a__retrain", 3)

    assert CountingAirflow.n_calls == 2


def test_the_state_of_a_table_has_the_version_behind_the_live_release(lake_root: str) -> None:
    item = {"item_id": "1", "title": "Heat", "categories": ["Crime"], "vendor": None}
    for run, year in (("1", 1995), ("2", 1996)):
        run_key = RunKey("a", run, "refine")
        append(lake_root, SILVER_ITEMS, [item | {"released": year}], run_key=run_key)
    _append_fit(lake_root, {"silver.items": 1})

    states = {state.table.name: state for state in lake_data.tables("playground", "a__retrain/1")}

    assert set(states) == {"items", "fits"}
    assert states["items"].n_rows == 2
    assert states["items"].version > 1
    assert states["items"].version_served == 1
    assert states["fits"].version_served is None


def _append_fit(root: str, versions: dict[str, int]) -> None:
    texts = ("recipe", "recipe_json", "constants", "code_commit", "run_key")
    numbers = ("n_users", "n_items", "n_ratings")
    row: dict[str, object] = dict.fromkeys(texts, "x") | dict.fromkeys(numbers, 1)
    row |= {"retrain_id": "a__retrain/1", "versions": versions}
    row |= {"fit_seconds": 1.0, "fitted_at": shop.NOW}
    append(root, GOLD_FITS, [row], run_key=RunKey("a__retrain", "1", "fit"))
