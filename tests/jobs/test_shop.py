"""Products that Lantern has never seen: a manifest and files are enough, without any code."""

from pathlib import Path

import pytest

from jobs import land, refine
from jobs.ingestion import check
from tests.support.jobs.product import NOW, rows_of
from tests.support.runs import under
from warehouse import datasets
from warehouse.delta import Warehouse
from warehouse.tables import (
    SILVER_INTERACTIONS,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USERS,
)

SHOP = """
title = "Garden shop"
item_noun = "article"
licence = "Invented for a test."

[source]
kind = "inbox"

[ratings]
file = "reviews/*.csv"
separator = ";"
user = "Customer"
item = "SKU"
value = "Points"
time = "Written at"
time_format = "iso"

[items]
file = "articles.csv"
separator = ";"
item = "SKU"
title = "Name"
categories = "Shelf"
categories_separator = " > "
vendor = "Supplier"
released = "Listed on"

[users]
file = "customers.csv"
separator = ";"
user = "Customer"
attributes = ["Country"]

[scale]
lowest = 1
highest = 10
step = 1
relevant_from = 7
"""
SHOP_FILES = {
    "articles.csv": "SKU;Name;Shelf;Supplier;Price;Listed on\n"
    'AX-0001;"Spade; ash handle";Tools > Digging;Müller & Söhne;24,90 €;2023-04-01\n'
    '99999999999;"Rose ""Été""";Plants;;7,00 €;2024\n',
    "customers.csv": "Customer;Country\nanna@example.com;AT\nc-2;\n",
    "reviews/2026-03.csv": "Customer;SKU;Points;Written at;Verified\n"
    "anna@example.com;AX-0001;9;2026-03-29T01:30:00+01:00;yes\n"
    "anna@example.com;99999999999;10;2026-03-29T03:30:00+02:00;yes\n"
    "c-2;AX-0001;3;2026-03-01T08:00:00Z;no\n",
}

SMALL = Path(datasets.__file__).parents[1] / "datasets" / "movielens_small.toml"
SMALL_FILES = {
    "ml-latest-small/movies.csv": "movieId,title,genres\r\n"
    '1,"Harbour, The (1995)",Comedy|Drama\r\n'
    '2,"Winter\'s ""Own"" Kite (2001)",(no genres listed)\r\n',
    "ml-latest-small/ratings.csv": "userId,movieId,rating,timestamp\r\n"
    "1,1,4.5,964982703\r\n1,2,0.5,964981247\r\n2,1,3.0,964982224\r\n",
}

TWEETS = Path(datasets.__file__).parents[1] / "datasets" / "movietweetings.toml"
TWEETS_FILES = {
    "movietweetings-100k/movies.dat": "0000008::Lanterne à l'aube (1913)::Crime|Drama\n"
    "0114508::Kite: The Return (1995)::\n",
    "movietweetings-100k/ratings.dat": "1::0000008::10::1365029107\n2::0114508::0::1365029108\n",
}


def ingested(warehouse: Warehouse, manifest: Path, files: dict[str, str], tmp_path: Path) -> None:
    """Check, land and refine what the product sent, as one increment or as one archive."""
    import zipfile

    dataset, inbox = datasets.load(manifest), tmp_path / "inbox"
    inbox.mkdir()
    if dataset.source.kind == "archive":
        with zipfile.ZipFile(inbox / "sent.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content.encode())
    else:
        for name, content in files.items():
            (inbox / name).parent.mkdir(exist_ok=True)
            (inbox / name).write_bytes(content.encode())
    assert not [finding for finding in check.grade(manifest, inbox) if finding.level == "error"]
    land.run(warehouse, dataset, inbox)
    refine.run(under(warehouse, "dag/run/refine"), dataset, now=NOW)
    assert not warehouse.exists(SILVER_QUARANTINE)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    manifest = tmp_path / "garden_shop.toml"
    manifest.write_text(SHOP)
    return manifest


def test_a_shop_needs_a_manifest_and_no_code(
    warehouse: Warehouse, shop: Path, tmp_path: Path
) -> None:
    ingested(warehouse, shop, SHOP_FILES, tmp_path)

    described = [name for name in SILVER_ITEMS.names if name != "changed_at"]
    assert rows_of(warehouse, SILVER_ITEMS, *described) == [
        ("99999999999", 'Rose "Été"', ["Plants"], None, 2024, None),
        ("AX-0001", "Spade; ash handle", ["Tools", "Digging"], "Müller & Söhne", 2023, None),
    ]
    assert rows_of(warehouse, SILVER_USERS, "user_id", "attributes") == [
        ("anna@example.com", {"Country": "AT"}),
        ("c-2", {}),
    ]
    ratings = rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id", "rating", "rated_at")
    assert [(*row[:3], f"{row[3]:%d %H:%M}") for row in ratings] == [
        ("anna@example.com", "99999999999", 10.0, "29 01:30"),
        ("anna@example.com", "AX-0001", 9.0, "29 00:30"),
        ("c-2", "AX-0001", 3.0, "01 08:00"),
    ]


def test_csv_with_quotes_and_crlf(warehouse: Warehouse, tmp_path: Path) -> None:
    ingested(warehouse, SMALL, SMALL_FILES, tmp_path)

    assert rows_of(warehouse, SILVER_ITEMS, "item_id", "title", "categories", "released") == [
        ("1", "The Harbour", ["Comedy", "Drama"], 1995),
        ("2", 'Winter\'s "Own" Kite', [], 2001),
    ]
    assert rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id", "rating") == [
        ("1", "1", 4.5),
        ("1", "2", 0.5),
        ("2", "1", 3.0),
    ]


def test_snapshots_with_leading_zeros(warehouse: Warehouse, tmp_path: Path) -> None:
    ingested(warehouse, TWEETS, TWEETS_FILES, tmp_path)

    assert rows_of(warehouse, SILVER_ITEMS, "item_id", "title", "categories") == [
        ("0000008", "Lanterne à l'aube", ["Crime", "Drama"]),
        ("0114508", "Kite: The Return", []),
    ]
    assert rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id", "rating") == [
        ("1", "0000008", 10.0),
        ("2", "0114508", 0.0),
    ]
    assert rows_of(warehouse, SILVER_REFINEMENTS, "target", "n_accepted", "n_unknown_items") == [
        ("items", 2, 0),
        ("ratings", 2, 0),
    ]
