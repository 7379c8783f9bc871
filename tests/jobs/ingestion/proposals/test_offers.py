"""What is proposed for the columns of a shop's products: attributes, and how the app shows them."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.proposals.shapes import events, manifest, proposed, rows, section

ORDERS = rows("customer_id,product_id,ordered_at", events("{user},{item},2026-03-01 09:12:00"))


def products(header: str, row: str) -> str:
    return rows(f"id,name,{header}", (f"{n},Tea {n},{row.format(n=n)}" for n in range(1, 21)))


def test_a_shop_has_prices_stock_pictures_and_starts_of_sale(tmp_path: Path) -> None:
    header = "price_eur,stock,image_url,created_at,internal_note"
    row = "{n}.90,{n},https://img.example.org/{n}.jpg,2026-01-{n:02d},x{n}"
    files = {"orders.csv": ORDERS, "products.csv": products(header, row)}

    fields = proposed(tmp_path, files)

    items = section(fields, "items")
    assert items["item"] == "id"  # and not the stock, which has the same numbers
    assert items["attributes"] == {
        "price_eur": "number", "stock": "number", "image_url": "text", "created_at": "time",
    }  # fmt: skip
    assert section(fields, "display") == {
        "price": "price_eur", "currency": "EUR", "stock": "stock", "since": "created_at",
        "picture": "image_url", "picture_hosts": ["img.example.org"],
    }  # fmt: skip


def test_a_currency_that_no_column_says_is_left_to_the_reader(tmp_path: Path) -> None:
    files = {"orders.csv": ORDERS, "products.csv": products("sale_price,price", "1.5,{n}.90")}

    text = manifest(tmp_path, files)

    assert 'price = "price"  # guess' in text
    assert 'currency = ""  # guess: no column says it. Write its code, such as EUR' in text


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("price", "from {n} euros"),
        ("stock", "on request {n}"),
        ("created_at", "in spring {n}"),
        ("image_url", "http://img.example.org/{n}.jpg"),
    ],
)
def test_a_column_that_the_app_cannot_show_is_not_in_display(
    header: str, row: str, tmp_path: Path
) -> None:
    files = {"orders.csv": ORDERS, "products.csv": products(header, row)}

    assert "display" not in proposed(tmp_path, files)
