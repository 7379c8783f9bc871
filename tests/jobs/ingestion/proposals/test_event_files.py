"""Proposals for files of views, plays and purchases."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.proposals.shapes import (
    Case,
    events,
    require_proposed,
    rows,
    titles,
)

CASES: dict[str, Case] = {
    "one file per kind, the value is always 1": (
        {
            f"{kind}_shop.dat": rows("visitorid\titemid\tevent", events("{user}\t{item}\t1"))
            for kind in ("view", "add_to_cart", "purchase")
        },
        {
            "events": [
                {
                    "file": f"{name}_shop.dat",
                    "separator": "\t",
                    "user": "visitorid",
                    "item": "itemid",
                    "time": False,
                    "kind": kind,
                }
                for name, kind in (
                    ("add_to_cart", "cart"),
                    ("purchase", "purchase"),
                    ("view", "view"),
                )
            ],
            "kinds": {"view": {"weight": 1}, "cart": {"weight": 3}, "purchase": {"weight": 5}},
        },
    ),
    "kinds in a column, several files, facts of items in each row": (
        {
            f"2019-{month}.csv": rows(
                "event_time,event_type,product_id,category_code,brand,price,user_id",
                (
                    f"{line},{n % 20},home.{'ab'[n % 2]},Brand {n % 3},9.5,{n * 7 % 30}"
                    for n, line in enumerate(
                        f"2019-10-{n % 28 + 1:02d} 00:00:00 UTC,{('view', 'cart')[n % 3 == 0]}"
                        for n in range(200)
                    )
                ),
            )
            for month in ("Nov", "Oct")
        },
        {
            "events": [
                {
                    "file": "2019-*.csv",
                    "user": "user_id",
                    "item": "product_id",
                    "time": "event_time",
                    "time_format": "iso",
                    "kind_column": "event_type",
                }
            ],
            "items": {
                "file": "2019-*.csv",
                "item": "product_id",
                "title": "product_id",
                "categories": "category_code",
                "categories_separator": ".",
                "vendor": "brand",
                "attributes": {"price": "number"},
            },
        },
    ),
    "counts of plays without a header, titles with quotes": (
        {
            "user_artists.dat": rows("", events("{user}\t{item}\t{stars}07"), "\r\n"),
            "artists.dat": rows(
                "id\tname\tpictureURL", titles('{item}\t"Weird" {n}\thttp://x/{n}')
            ),
        },
        {
            "events": [
                {
                    "file": "user_artists.dat",
                    "separator": "\t",
                    "header": False,
                    "fields": ["user", "item", "value"],
                    "time": False,
                    "value": "value",
                    "kind": "play",
                }
            ],
            "kinds": {"play": {"weight": 1, "value": "count"}},
            "items": {
                "file": "artists.dat",
                "separator": "\t",
                "quote": "",
                "item": "id",
                "title": "name",
                "attributes": {"pictureURL": "text"},
            },
        },
    ),
    "purchases with returns, in another encoding": (
        {
            "retail.csv": rows(
                "StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
                (
                    f"{n % 20},Café {n % 20},{-1 if n % 20 == 7 else 2},"
                    f"{n % 12 + 1}/{n % 28 + 1}/2010 8:{n % 60:02d},2.5,{n % 30 or ''}"
                    for n in range(300)
                ),
                "\r\n",
            ).encode("cp1252")
        },
        {
            "events": [
                {
                    "file": "retail.csv",
                    "encoding": "windows-1252",
                    "user": "CustomerID",
                    "item": "StockCode",
                    "time": "InvoiceDate",
                    "time_format": "%m/%d/%Y %H:%M",
                    "value": "Quantity",
                    "keep_if": 'Quantity > 0 and CustomerID != ""',
                    "kind": "purchase",
                }
            ],
            "items": {
                "file": "retail.csv",
                "encoding": "windows-1252",
                "item": "StockCode",
                "title": "Description",
                "attributes": {"UnitPrice": "number"},
            },
        },
    ),
    "the ids of users and items in objects that have other fields": (
        {
            "clicks.jsonl": rows(
                "",
                (
                    f'{{"user": {{"id": "u{n * 7 % 30}", "visit": {n}}}, "event": "view", '
                    f'"product": {{"sku": "s{n * 11 % 20}", "qty": {n}}}, "ts": 17723556{n:02d}}}'
                    for n in range(90)
                ),
            )
        },
        {
            "events": [
                {
                    "file": "clicks.jsonl",
                    "format": "jsonl",
                    "user": "user.id",
                    "item": "product.sku",
                    "time": "ts",
                    "kind_column": "event",
                }
            ],
            "kinds": {"view": {"weight": 1}},
        },
    ),
    "names of kinds without a header, commands between them": (
        {
            "sample.txt": rows(
                "",
                [
                    *(f"u{n % 9},{('purchase', 'view')[n % 2]},Thing {n % 7}" for n in range(90)),
                    "Thing 1,$set,categories:a",
                ],
            )
        },
        {
            "events": [
                {
                    "file": "sample.txt",
                    "header": False,
                    "fields": ["user", "kind", "item"],
                    "time": False,
                    "kind_column": "kind",
                    "keep_if": 'kind in ("purchase", "view")',
                }
            ],
            "kinds": {"view": {"weight": 1}, "purchase": {"weight": 5}},
        },
    ),
}


@pytest.mark.parametrize("shape", CASES)
def test_a_proposal_has_the_fields_of_the_files(shape: str, tmp_path: Path) -> None:
    require_proposed(tmp_path, CASES[shape])
