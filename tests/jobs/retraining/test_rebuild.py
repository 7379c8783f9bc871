import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Engine

from jobs import erase, vacuum
from jobs.retraining import rebuild
from jobs.runtime.errors import TaskMissingError
from tests.conftest import schema_of
from tests.support.jobs.erasing import request
from tests.support.jobs.product import product
from tests.support.jobs.small_world import RUN, Retrain
from warehouse.delta import Warehouse
from warehouse.errors import VersionGoneError
from warehouse.run_keys import RunKey

LISTS = "user_id string, item_ids array<string>, scores array<float>"


@pytest.fixture
def copied(retrained: Retrain, tmp_path: Path) -> Warehouse:
    """A copy of the small data set's lake after its retrain, for tests that change it."""
    root = tmp_path / "lake"
    shutil.copytree(retrained.warehouse.root, root)
    return Warehouse(
        retrained.warehouse.spark, str(root), run_key=RunKey("by-hand", "1", "rebuild")
    )


def test_a_fit_can_be_repeated_after_newer_rows_and_a_vacuum(
    copied: Warehouse, retrained: Retrain
) -> None:
    events = DeltaTable(f"{copied.root}/silver/events")
    events.delete("user_id = 'u007'")  # the fit does not read newer versions
    assert (
        vacuum.run(
            copied.root, retrained.engine, run_key=RunKey("m", "1", "vacuum"), retention_hours=0
        )
        == 0
    )

    proof = rebuild.run(copied, retrained.dataset, RUN)

    assert proof.all_same
    assert (proof.n_stored, proof.n_same, proof.n_new) == (121, 121, 0)
    assert proof.difference < 1e-5


def test_files_that_no_kept_release_needs_are_removed(
    copied: Warehouse, retrained: Retrain
) -> None:
    events = DeltaTable(f"{copied.root}/silver/events")
    for user_id in ("u007", "u008"):  # the second delete rewrites the file of the first
        events.delete(f"user_id = '{user_id}'")
    assert (
        vacuum.run(
            copied.root, retrained.engine, run_key=RunKey("m", "1", "vacuum"), retention_hours=0
        )
        > 0
    )
    assert rebuild.run(copied, retrained.dataset, RUN).all_same


def test_after_an_erasure_a_fit_cannot_be_repeated_and_old_files_are_removed(
    copied: Warehouse, retrained: Retrain, owner: Engine, publisher: Engine
) -> None:
    root, dataset = copied.root, product(name=schema_of(owner))
    replace(retrained, engine=publisher).publish()
    request(owner, "u007")
    key = RunKey("product__maintain", "1", "erase")

    erase.run(root, dataset, publisher, run_key=key, within_days=30)

    assert vacuum.run(root, publisher, run_key=key, retention_hours=0) > 0
    with pytest.raises(VersionGoneError, match=r"silver.*users were erased since"):
        rebuild.run(copied, retrained.dataset, RUN)
    erase.run(root, dataset, publisher, run_key=key, within_days=0)
    with pytest.raises(VersionGoneError, match=r"silver.*users were erased since"):
        rebuild.run(copied, retrained.dataset, RUN)


def test_a_fit_that_is_not_in_the_ledger_cannot_be_repeated(
    copied: Warehouse, retrained: Retrain
) -> None:
    with pytest.raises(TaskMissingError):
        rebuild.run(copied, retrained.dataset, "product__retrain/never")


def lists(spark: SparkSession, of: dict[str, tuple[str, list[float]]]) -> DataFrame:
    rows = [(user, list(items), scores) for user, (items, scores) in of.items()]
    return spark.createDataFrame(rows, LISTS)


def test_lists_are_the_same_if_scores_agree_by_rank_and_by_item(spark: SparkSession) -> None:
    repeated = {
        "the same": ("abc", [3.0, 2.0, 1.0]),
        "within the tolerance": ("abc", [3.0, 2.0, 1.000005]),
        "different": ("abc", [3.0, 2.0, 1.1]),
        "swapped ranks": ("acb", [3.0, 2.0, 1.0]),
        "another last item, equal score": ("abd", [3.0, 2.0, 1.0]),
        "another first item": ("dbc", [3.0, 2.0, 1.0]),
        "shorter": ("ab", [3.0, 2.0]),
    }
    stored = {name: ("abc", [3.0, 2.0, 1.0]) for name in (*repeated, "gone")}
    repeated["new"] = ("a", [1.0])

    rows = rebuild.differences(lists(spark, stored), lists(spark, repeated)).collect()

    assert {row["user_id"]: row["difference"] for row in rows} == pytest.approx(
        {
            "the same": 0,
            "within the tolerance": 5e-6,
            "different": 0.1,
            "swapped ranks": 1,
            "another last item, equal score": 0,
            "another first item": 2 / 3,
            "shorter": float("inf"),
            "gone": float("inf"),
            "new": float("inf"),
        },
        rel=0.1,
    )
    assert [row["user_id"] for row in rows if not row["stored"]] == ["new"]
