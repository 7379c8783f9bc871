import csv
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from jobs import land, refine
from jobs.synthetic.shop import files
from tests.support.jobs.product import NOW
from tests.support.runs import under
from warehouse import datasets
from warehouse.delta import Warehouse
from warehouse.tables import SILVER_EVENTS, SILVER_ITEMS, SILVER_QUARANTINE, SILVER_USERS


def test_a_small_shop_is_ingested_without_a_loss(warehouse: Warehouse, tmp_path: Path) -> None:
    inbox, dataset = tmp_path / "inbox", datasets.load_named("playground_shop")
    files.run(size=2000, seed=7, folder=inbox)

    land.run(warehouse, dataset, inbox)
    refine.run(under(warehouse, "dag/run/refine"), dataset, now=NOW)

    assert not warehouse.exists(SILVER_QUARANTINE)
    events = warehouse.read(SILVER_EVENTS).select("kind", "user_id", "item_id", "value")
    sent = pq.read_table(inbox / "events").select(["kind", "customer", "product", "quantity"])
    assert Counter(map(tuple, events.collect())) == Counter(
        tuple(row.values()) for row in sent.to_pylist()
    )
    [item] = warehouse.read(SILVER_ITEMS).where("item_id = 'p-00000'").collect()
    with (inbox / "products" / "products.csv").open() as file:
        product = next(csv.DictReader(file))
    assert (item["title"], item["vendor"]) == (product["name"], product["brand"])
    assert float(item["attributes"]["price"]) == float(product["price"])
    assert item["attributes"].keys() == {"price", "stock", "type", "since"}
    assert warehouse.read(SILVER_USERS).count() == 25
