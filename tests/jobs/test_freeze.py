from pathlib import Path

import pytest

from jobs import announce, freeze, land
from jobs.retraining.handover import Freeze
from jobs.runtime import session
from jobs.runtime.errors import NothingSentError
from tests.support.jobs.product import HEADER, collect, product, send, write_collection
from tests.support.jobs.small_world import RUN, world, write
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_FREEZES, SILVER_EVENTS, SILVER_INTERACTIONS

KEY = RunKey.parse(f"{RUN}/freeze")


def test_pending_landings_are_refined_and_then_frozen(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = product(items=None, users=None)
    send(tmp_path / "inbox", "ratings.csv", HEADER, "u,a,5,100", "v,a,9,100", "v,b,4,100")
    land.run(under(warehouse, "product__ingest/one/land"), dataset, tmp_path / "inbox")
    collect(warehouse.root, "feedback", ("rate", "w", "a", 3.0, 100), ("hide", "w", "b", None, 100))
    write_collection(warehouse.root, "feedback", 2)
    assert freeze.outbox_until(Lake(warehouse.root)) == 0  # it is not refined yet
    monkeypatch.setattr(session, "start", lambda _: warehouse.spark)
    lax = product(items=None, users=None, floors={"max_quarantine_share": 0.5})

    freeze.run(warehouse.root, lax, run_key=KEY)

    frozen = Freeze.read(warehouse.root, RUN)
    assert frozen.n_interactions == 3  # one of them is feedback
    assert frozen.quarantine_share == pytest.approx(1 / 3)
    assert frozen.outbox_until == 1  # where the collection ends
    assert announce.n_new_events(Lake(warehouse.root)) == 0
    assert frozen.versions["silver.events"] == Lake(warehouse.root).version(SILVER_EVENTS)
    assert "silver.users" not in frozen.versions  # the product sends none


def test_without_pending_landings_spark_does_not_start_and_a_second_run_changes_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(warehouse)

    def starts(_: str) -> None:
        raise AssertionError

    monkeypatch.setattr(session, "start", starts)
    for _ in range(2):
        freeze.run(warehouse.root, world(), run_key=KEY)

    assert Lake(warehouse.root).n_rows(GOLD_FREEZES) == 1
    assert Lake(warehouse.root).version(GOLD_FREEZES) == 1


def test_later_rows_are_not_in_the_frozen_version(warehouse: Warehouse) -> None:
    write(warehouse)
    freeze.run(warehouse.root, world(), run_key=KEY)
    before = Lake(warehouse.root).version(SILVER_INTERACTIONS)

    more = warehouse.read(SILVER_INTERACTIONS).limit(1).selectExpr("*").replace("u000", "late")
    under(warehouse, "product__ingest/two/refine").append(SILVER_INTERACTIONS, more)

    assert Freeze.read(warehouse.root, RUN).versions["silver.interactions"] == before


def test_a_data_set_without_ratings_cannot_be_frozen(tmp_path: Path) -> None:
    with pytest.raises(NothingSentError, match="product: it has no events; run its ingest"):
        freeze.run(str(tmp_path), world(), run_key=KEY)
