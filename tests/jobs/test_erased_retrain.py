"""A retrain after an erasure: the user's index is a gap, and the model knows nothing of them."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import erase
from jobs.retraining.handover import Fit
from serving.errors import IncompleteReleaseError
from serving.tables import LISTS
from tests.conftest import schema_of
from tests.support.jobs.erasing import request
from tests.support.jobs.product import product
from tests.support.jobs.small_world import RUN, Retrain
from tests.support.jobs.traces import traces
from tests.support.serving.shop import rows, seen
from warehouse.delta import Warehouse
from warehouse.maintenance import erasure
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_RECOMMENDATIONS, SILVER_USER_INDEX

KEY = RunKey("product__maintain", "1", "erase")
ERASED = ("u000", "u007", "u119", "new_user")  # the smallest and the largest index among them


@pytest.fixture
def copied(retrained: Retrain, publisher: Engine, tmp_path: Path) -> Retrain:
    """The small data set after its retrain, in a lake and a schema of this test's own."""
    root = tmp_path / "lake"
    shutil.copytree(retrained.warehouse.root, root)
    warehouse = Warehouse(retrained.warehouse.spark, str(root), run_key=KEY)
    return replace(retrained, warehouse=warehouse, engine=publisher)


def erased(copied: Retrain, owner: Engine, publisher: Engine, *users: str) -> None:
    request(owner, *users)
    dataset = product(name=schema_of(owner))
    erase.run(copied.warehouse.root, dataset, publisher, run_key=KEY, within_days=0)


def test_a_fit_that_lost_lists_to_an_erasure_can_be_published(
    copied: Retrain, owner: Engine, publisher: Engine
) -> None:
    n_users = Fit.read(copied.warehouse.root, RUN).n_users

    erased(copied, owner, publisher, *ERASED)
    copied.publish()

    assert rows(owner, "select count(*) from recommendations") == [(n_users - len(ERASED),)]
    assert seen(publisher, "u007").kind == "fallback"
    table = GOLD_RECOMMENDATIONS
    condition = erasure.any_of("user_id", ["u001"])  # lost, and nobody was erased
    erasure.delete(copied.warehouse.root, table, condition, {}, run_key=KEY)
    with owner.begin() as connection:
        connection.exec_driver_sql("delete from live_release")
        connection.exec_driver_sql("delete from activations")
        for lists in LISTS:
            connection.exec_driver_sql(f"delete from {lists}")  # noqa: S608 # our names
        connection.exec_driver_sql("delete from releases")
    with pytest.raises(IncompleteReleaseError, match="recommendations"):
        copied.publish()


@pytest.mark.soak
def test_a_retrain_after_an_erasure_knows_nothing_of_the_user(
    copied: Retrain, owner: Engine, publisher: Engine
) -> None:
    erased(copied, owner, publisher, *ERASED)
    retrain = replace(copied, run="product__retrain/two")

    retrain.run_all()

    lake = Lake(copied.warehouse.root)
    indices = {row["user_index"] for row in lake.rows(SILVER_USER_INDEX)}
    assert len(indices) <= max(indices)  # there are gaps
    assert Fit.read(lake.root, retrain.run).n_users == 121 - len(ERASED)
    assert traces(lake.root, ERASED) == {}
    assert rows(owner, "select user_id from profiles where user_id = 'u007'") == []
