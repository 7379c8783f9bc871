"""Manifests of public data sets, on small invented files of their shapes."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from jobs.ingestion import check
from ops.settings import ROOT
from tests.support.jobs import public_shapes, without_postgres
from tests.support.jobs.public_shapes import SHAPES, Counts
from warehouse import datasets
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import SILVER_EVENTS, SILVER_INTERACTIONS, SILVER_ITEMS, SILVER_QUARANTINE

MANIFESTS = ROOT / "benchmarks/public_data"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = sorted(path.stem for path in MANIFESTS.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_is_valid(name: str) -> None:
    dataset = datasets.load(MANIFESTS / f"{name}.toml")
    assert dataset.source.kind == "inbox"
    assert "not redistributed here" in dataset.licence


def test_every_shape_has_a_manifest() -> None:
    assert {shape.__name__ for shape in SHAPES} < {*NAMES}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_check_accepts_the_shape(shape: Callable[[Path], Counts], tmp_path: Path) -> None:
    shape(tmp_path)
    findings = check.grade(MANIFESTS / f"{shape.__name__}.toml", tmp_path)
    assert not [finding for finding in findings if finding.level == "error"]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_lake_counts_what_a_reader_counts(
    shape: Callable[[Path], Counts], warehouse: Warehouse, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    expected = shape(inbox)
    dataset = datasets.load(MANIFESTS / f"{shape.__name__}.toml")

    without_postgres.ingest(warehouse, dataset, inbox, now=NOW)

    lake = Lake(warehouse.root)
    assert not lake.exists(SILVER_QUARANTINE)
    events = lake.read(SILVER_EVENTS).to_pandas()
    assert len(events) == expected.events
    assert pd.Timestamp(expected.newest) == events["occurred_at"].max()
    pairs = {(row["user_id"], row["item_id"]) for row in lake.rows(SILVER_INTERACTIONS)}
    assert pairs == {*events[["user_id", "item_id"]].itertuples(index=False, name=None)}
    assert len(pairs) == expected.pairs
    item_id, title, categories = expected.item
    [item] = lake.rows(SILVER_ITEMS, equals={"item_id": item_id})
    assert (item["title"], tuple(item["categories"])) == (title, categories)


def test_amounts_add_up_per_pair_and_kind(warehouse: Warehouse, tmp_path: Path) -> None:
    public_shapes.online_retail(tmp_path)
    path, ids = tmp_path / "Online Retail.csv", ["CustomerID", "StockCode"]
    sent = pd.read_csv(path, encoding="cp1252", dtype=dict.fromkeys(ids, str))
    sent = sent[(sent["Quantity"] > 0) & sent["CustomerID"].notna()]
    bought = sent.groupby(ids)["Quantity"].agg(["size", "sum"])

    dataset = datasets.load(MANIFESTS / "online_retail.toml")
    without_postgres.ingest(warehouse, dataset, tmp_path, now=NOW)

    rows = Lake(warehouse.root).rows(SILVER_INTERACTIONS)
    kinds = {(row["user_id"], row["item_id"]): dict(row["kinds"])["buy"] for row in rows}
    assert {pair: (buy["n"], buy["amount"]) for pair, buy in kinds.items()} == {
        pair: (row["size"], row["sum"]) for pair, row in bought.iterrows()
    }
