"""The README's example of a new product, run as it is printed."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.settings import ROOT
from tests.support import markdown
from tests.support.jobs import without_postgres
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_FALLBACK_LISTS,
    GOLD_RECOMMENDATIONS,
    SILVER_INTERACTIONS,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
)

README = (ROOT / "README.md").read_text()
SECTION = README.split("\n## Plug in your own product\n")[1].split("\n## ")[0]
[MANIFEST] = markdown.blocks(SECTION, "toml")
[PROPOSE], [CHECK, DEMO] = map(str.splitlines, markdown.blocks(SECTION, "sh"))
NAME = MANIFEST.splitlines()[0].removeprefix("# datasets/").removesuffix(".toml")
START = datetime(2026, 3, 1, tzinfo=UTC)
N_USERS, N_ITEMS = 140, 30


def pairs() -> Iterable[tuple[int, int, datetime]]:
    """Yield (user, product, time) in the order of time; every user likes each third product."""
    for step in range(10):
        for user in range(N_USERS):
            item = (user + 3 * step) % N_ITEMS
            yield user, item, START + timedelta(hours=step, minutes=user)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def send(inbox: Path) -> None:
    """Write what the shop exports; one order was returned."""
    clicks = [(f"c{user}", f"p{item}", at.isoformat()) for user, item, at in pairs()]
    write(inbox / "clicks-2026-03.csv", ["visitor", "sku", "at"], clicks)
    orders = [
        (f"c{user}", f"p{item}", (at + timedelta(minutes=5)).isoformat(), 1 + item % 2)
        for user, item, at in pairs()
        if item % 5
    ]
    returned = ("c0", "p1", START.isoformat(), -1)
    header = ["customer", "sku", "ordered_at", "quantity"]
    write(inbox / "orders-2026-03.csv", header, [*orders, returned])
    products = [(f"p{at}", f"Product {at}", "Garden", "Hill", f"{at}.90") for at in range(N_ITEMS)]
    write(inbox / "products.csv", ["sku", "name", "department", "maker", "price"], products)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which the printed commands find the command and the files."""
    (tmp_path / "datasets").mkdir()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    send(tmp_path / "var/inbox" / NAME)
    return tmp_path


def written(folder: Path) -> Dataset:
    """Write the printed manifest where its first line says; return the data set."""
    manifest = folder / f"datasets/{NAME}.toml"
    manifest.write_text(MANIFEST)
    return datasets.load(manifest)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a printed command in the folder, which is its place of data too."""
    places = {"LAKE_INBOX": str(folder / "var/inbox"), "OPS_VAR": str(folder / "var")}
    return subprocess.run(  # noqa: S603 # the README's own lines
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_printed_commands_accept_the_proposed_and_the_printed_manifest(checkout: Path) -> None:
    manifest = checkout / f"datasets/{NAME}.toml"

    proposed = run(PROPOSE, checkout)

    assert proposed.returncode == 0, proposed.stdout + proposed.stderr
    proposal, printed = datasets.load(manifest), written(checkout)
    assert [
        (files.user, files.item, files.time, files.time_format, files.value, files.keep_if)
        for files in proposal.events
    ] == [
        (files.user, files.item, files.time, files.time_format, files.value, files.keep_if)
        for files in printed.events
    ]
    accepted = run(CHECK, checkout)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    shutil.rmtree(checkout / "var/inbox" / NAME)
    refused = run(CHECK, checkout)
    assert refused.returncode == 1, refused.stdout + refused.stderr


def test_the_printed_shop_comes_from_its_files_to_lists(
    warehouse: Warehouse, checkout: Path
) -> None:
    assert DEMO.endswith(f"lantern demo --dataset {NAME}")
    dataset = written(checkout)
    now = START + timedelta(days=30)

    without_postgres.ingest(warehouse, dataset, checkout / "var/inbox" / NAME, now=now)
    verdict, _ = without_postgres.retrain(warehouse, dataset)

    lake = Lake(warehouse.root)
    assert not lake.exists(SILVER_QUARANTINE)
    interactions = {
        (row["user_id"], row["item_id"]): dict(row["kinds"])
        for row in lake.rows(SILVER_INTERACTIONS)
    }
    assert len(interactions) == len({(user, item) for user, item, _ in pairs()})
    assert interactions["c0", "p0"].keys() == {"view"}
    assert interactions["c1", "p1"]["purchase"]["amount"] == 2
    prices = {row["item_id"]: row["attributes"]["price"] for row in lake.rows(SILVER_ITEMS)}
    assert float(prices["p7"]) == 7.9
    assert (verdict["verdict"], verdict["publishes"]) == ("first", True)
    assert "not compared" not in verdict["reason"]
    lists = lake.rows(GOLD_RECOMMENDATIONS)
    bought = {pair for pair, kinds in interactions.items() if "purchase" in kinds}
    assert not {(row["user_id"], item) for row in lists for item in row["item_ids"]} & bought
    assert all(row["item_ids"] for row in [*lists, *lake.rows(GOLD_FALLBACK_LISTS)])
