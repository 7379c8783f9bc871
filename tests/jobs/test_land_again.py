from pathlib import Path

import pytest

from jobs import land
from tests.support.jobs.product import HEADER, product, rows_of, send
from tests.support.runs import under
from warehouse import landings
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import BRONZE_RATINGS

ONLY_RATINGS = product(items=None, users=None)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def test_a_corrected_manifest_lands_a_file_again_and_replaces_its_landing(
    warehouse: Warehouse, inbox: Path
) -> None:
    send(inbox, "ratings.csv", "user,item,stars,at,sku", "u,a,4,100,A-1", "v,b,3,100,B-1")
    by_sku = product(
        items=None, users=None, ratings={**ONLY_RATINGS.model_dump()["ratings"], "item": "sku"}
    )

    assert land.run(warehouse, ONLY_RATINGS, inbox) == 2
    assert land.run(under(warehouse, "dag/corrected/land"), by_sku, inbox) == 2
    assert land.run(under(warehouse, "dag/again/land"), by_sku, inbox) == 0

    lake = Lake(warehouse.root)
    first, second = landings.recorded(lake)
    assert landings.in_force(lake) == [second]
    assert second.replaces == (first.landing_id,)
    assert rows_of(warehouse, BRONZE_RATINGS, "landing_id", "item_id") == sorted(
        [
            (first.landing_id, "a"),
            (first.landing_id, "b"),
            (second.landing_id, "A-1"),
            (second.landing_id, "B-1"),
        ]
    )

    assert land.run(under(warehouse, "dag/taken_back/land"), ONLY_RATINGS, inbox) == 2
    [in_force] = landings.in_force(lake)
    assert in_force.landing_id == f"{first.landing_id}-1"


def test_a_snapshot_that_is_sent_again_lands_again(warehouse: Warehouse, inbox: Path) -> None:
    snapshots = product(source={"kind": "inbox", "delivery": "snapshots"}, items=None, users=None)
    for run, row in enumerate(("u,a,4,100", "u,b,4,100", "u,a,4,100")):
        send(inbox, "ratings.csv", HEADER, row)
        assert land.run(under(warehouse, f"dag/{run}/land"), snapshots, inbox) == 1
        assert land.run(under(warehouse, f"dag/{run}b/land"), snapshots, inbox) == 0

    [newest] = landings.newest_snapshots(landings.in_force(Lake(warehouse.root)))
    assert newest.landing_id.endswith("-1")
