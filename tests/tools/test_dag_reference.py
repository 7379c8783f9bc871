import pytest

from tools import dag_reference
from warehouse import datasets


def test_the_page_has_every_dag_task_and_what_to_do_if_it_fails() -> None:
    page = dag_reference.render()
    for dataset in dag_reference.committed():
        assert f"`{dataset.name}__ingest`" in page
        assert f"`{dataset.name}__retrain`" in page
        assert (f"`{dataset.name}__collect`" in page) == dataset.takes_feedback
        assert (f"`{dataset.name}__backtest`" in page) == dataset.has_times
        assert f"`{dataset.name}__maintain`" in page
    assert page.count("**If it fails:**") == 6
    tasks = [line.split("`")[1] for line in page.splitlines() if "| 2 |" in line]
    assert tasks == [
        *("land", "settle", "refine", "announce", "collect", "announce"),
        *("erase", "freeze", "nominate", "search", "evaluate", "decide", "approve", "fit"),
        *("publish", "plan", "backtest"),
        *("clean_airflow", "erase", "compact", "prune", "vacuum", "alert"),
    ]
    assert "`lake://<data set>/silver/interactions`" in page
    assert "| `search_budget_minutes` | `0` | type `integer`, minimum `0`, maximum `120` |" in page


def test_the_page_is_the_same_each_time() -> None:
    assert dag_reference.render() == dag_reference.render()


def test_the_page_leaves_out_manifests_that_are_not_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, committed = dag_reference.render(), datasets.installed()
    own = committed[0].model_copy(update={"name": "a_shop"})
    monkeypatch.setattr(datasets, "installed", lambda: (own, *committed))

    assert dag_reference.render() == page
