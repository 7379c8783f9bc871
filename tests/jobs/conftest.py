"""A retrain of the small data set, shared by the tests of jobs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.runs import under
from warehouse.run_keys import RunKey

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from jobs.retraining.evaluation_windows import PreparedWindow
    from tests.support.jobs.small_world import Retrain


@pytest.fixture(scope="session")
def retrained(
    spark: "SparkSession", committing: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Retrain"]:
    """The small data set after its first retrain. Tests that write use their own run id."""
    from serving.storage import database
    from tests.support.jobs.small_world import Retrain, world, write
    from tests.support.serving.server import as_role
    from warehouse.delta import Warehouse

    root: Path = tmp_path_factory.mktemp("world")
    warehouse = Warehouse(spark, str(root), run_key=RunKey("product__ingest", "one", "refine"))
    write(warehouse)
    database.migrate(committing, "retrained")
    database.grant(committing, "retrained")
    engine = database.connect(as_role(committing, "publisher"), "retrained")
    retrain = Retrain(warehouse, engine, world())
    retrain.run_all()
    yield retrain
    engine.dispose()


@pytest.fixture(scope="session")
def prepared(retrained: "Retrain") -> "PreparedWindow":
    """The last rolling window of the small data set, prepared for fits."""
    from jobs.retraining.evaluation_windows import prepare, rolling_windows
    from jobs.retraining.frozen_tables import frozen
    from tests.support.jobs.small_world import RUN

    rows = frozen(under(retrained.warehouse, f"{RUN}/search"), retrained.dataset)
    *_, (_, last) = rolling_windows(rows, retrained.dataset)
    return prepare(rows, retrained.dataset, last)
