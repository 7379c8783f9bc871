import csv
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from jobs.ingestion import check
from jobs.synthetic.shop import files
from jobs.synthetic.shop.demand import TOGETHER
from jobs.synthetic.shop.words import DEPARTMENTS
from jobs.synthetic.shop.world import START, WEEKS

MANIFEST = Path(files.__file__).parents[3] / "datasets" / "playground_shop.toml"
SIZE, N_USERS = 4000, 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("playground") / "inbox"
    files.run(size=SIZE, seed=7, folder=folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def products(folder: Path) -> list[dict[str, str]]:
    with (folder / "products" / "products.csv").open() as file:
        return [*csv.DictReader(file)]


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    files.run(size=SIZE, seed=8, folder=tmp_path / "again")
    other = contents(tmp_path / "again")
    files.run(size=SIZE, seed=7, folder=tmp_path / "again")  # in place of the other files

    assert contents(tmp_path / "again") == contents(folder)
    assert other.keys() == contents(folder).keys()
    assert all(other[name] != content for name, content in contents(folder).items())


def test_the_files_match_the_manifest(folder: Path) -> None:
    findings = check.grade(MANIFEST, folder)
    assert {finding.level for finding in findings} == {"note"}, findings


def test_events_are_of_users_and_products_that_there_are(folder: Path) -> None:
    events = pq.read_table(folder / "events")
    kinds = Counter(events["kind"].to_pylist())
    assert kinds["view"] > 4 * kinds["cart"] > 4 * kinds["purchase"] > 0
    lines = (folder / "customers" / "customers.jsonl").read_text().splitlines()
    customers = [orjson.loads(line)["customer"] for line in lines]
    assert set(events["customer"].to_pylist()) == set(customers)
    assert set(events["product"].to_pylist()) <= {row["sku"] for row in products(folder)}


def test_products_look_like_those_of_a_shop(folder: Path) -> None:
    rows = products(folder)
    assert len({row["name"] for row in rows}) == len(rows)
    assert {row["department"] for row in rows} == set(DEPARTMENTS)
    assert all(2 < float(row["price"]) < 700 for row in rows)
    n_sold_out = sum(row["stock"] == "0" for row in rows)
    assert 0 < n_sold_out < 0.2 * len(rows)
    assert any(date.fromisoformat(row["since"]) > START.date() for row in rows)
    departments_of_brand: dict[str, set[str]] = {}
    for row in rows:
        departments_of_brand.setdefault(row["brand"], set()).add(row["department"])
    assert all(len(departments) == 1 for departments in departments_of_brand.values())


def test_the_truth_has_the_likeliest_purchases_of_each_user(folder: Path) -> None:
    truth = pq.read_table(folder / "truth" / "purchases.parquet").to_pylist()
    stock = {row["sku"]: int(row["stock"]) for row in products(folder)}

    assert len(truth) == N_USERS
    for row in truth:
        assert len(row["skus"]) == len(set(row["skus"])) == len(row["probabilities"])
        assert (np.diff(row["probabilities"]) <= 0).all()
        assert 0 < sum(row["probabilities"]) < 1
        assert all(stock[sku] > 0 for sku in row["skus"])


def test_the_truth_has_a_row_for_each_user_and_product(folder: Path) -> None:
    users = pq.read_table(folder / "truth" / "customers.parquet")
    items = pq.read_table(folder / "truth" / "products.parquet")

    assert users.num_rows == N_USERS
    assert np.allclose(np.array(users["interests"].to_pylist()).sum(axis=1), 1, atol=1e-5)
    assert items["sku"].to_pylist() == [row["sku"] for row in products(folder)]
    assert {len(row) for row in items["in_stock"].to_pylist()} == {WEEKS}


def test_the_truth_has_what_goes_together(folder: Path) -> None:
    truth = pq.read_table(folder / "truth" / "complements.parquet").to_pylist()
    types = {row["sku"]: row["type"] for row in products(folder)}

    complements = {row["sku"]: row["complement"] for row in truth}
    assert all(complements[complement] == sku for sku, complement in complements.items())
    assert {types[complements[sku]] for sku in complements if types[sku] == "Coffee"} == {
        "Cups and mugs"
    }
    assert {row["probability"] for row in truth} == {TOGETHER}


@pytest.mark.parametrize("size", ["19999", "20_000_001"])
def test_a_size_out_of_range_is_a_wrong_argument(
    size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        files.main(["--size", size])
    assert "from 20,000 to 20,000,000 events" in capsys.readouterr().err
