"""Proposals for small invented files of the shapes that public data sets have."""

import gzip
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from jobs.ingestion.proposals import propose
from jobs.runtime.errors import NothingSentError
from warehouse import datasets

Files = Mapping[str, str | bytes]


def rows(header: str, lines: Iterable[str], end: str = "\n") -> str:
    return end.join([*([header] if header else []), *lines]) + end


def events(row: str, n: int = 300) -> list[str]:
    """Return rows of 30 users and 20 items, who meet in an irregular order."""
    return [
        row.format(user=n * 7 % 30 + 1, item=n * 11 % 20 + 1, n=n, stars=n % 5 + 1, half=n % 8 / 2)
        for n in range(n)
    ]


def titles(row: str) -> list[str]:
    return [row.format(item=n, n=n) for n in range(1, 21)]


def proposed(folder: Path, files: Files) -> dict[str, object]:
    """Return the fields of the manifest that is proposed for the files; it is valid."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
    _, text, _ = propose.proposal([folder], "shop")
    (folder / "shop.toml").write_text(text)
    datasets.load(folder / "shop.toml")
    return tomllib.loads(text)


STARS = rows("user_id,movie_id,rating,unix_timestamp", events("{user},{item},{stars},87{n:07d}"))
CASES: dict[str, tuple[Files, dict[str, object]]] = {
    "stars with times, items with flags, compressed": (
        {
            "ratings.csv.gz": gzip.compress(STARS.encode()),
            "items.csv.gz": gzip.compress(
                rows(
                    "movie_id,title,Action,Comedy,Drama,Horror,War",
                    titles("{item},Film {n} (1995),0,1,0,0,0"),
                )
                .replace("0,1,0,0,0", "1,0,1,1,1", 9)
                .encode()
            ),
            "users.csv.gz": gzip.compress(
                rows("user_id,sex,zip", (f"{n},{'MF'[n % 2]},{n}x" for n in range(40))).encode()
            ),
        },
        {
            "ratings": {
                "file": "ratings.csv.gz",
                "user": "user_id",
                "item": "movie_id",
                "value": "rating",
                "time": "unix_timestamp",
            },
            "scale": {"lowest": 1, "highest": 5, "step": 1, "relevant_from": 4},
            "users": {"file": "users.csv.gz", "user": "user_id", "attributes": ["sex"]},
            "items": {
                "file": "items.csv.gz",
                "item": "movie_id",
                "title": "title",
                "title_has_year": True,
                "category_flags": {x: x for x in ("Action", "Comedy", "Drama", "Horror", "War")},
            },
            "item_noun": "film",
        },
    ),
    "spaces, no header, no times, half stars": (
        {
            "ratings.txt": rows("", events("{user} {item} {half}")),
            "trusts.txt": rows("", events("{user} {item} 1")),
        },
        {
            "ratings": {
                "file": "ratings.txt",
                "separator": " ",
                "header": False,
                "fields": ["user", "item", "value"],
                "time": False,
            },
            "scale": {"lowest": 0, "highest": 3.5, "step": 0.5, "relevant_from": 2.5},
        },
    ),
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
    "JSON lines with milliseconds, an array of items": (
        {
            "reviews.jsonl": rows(
                "",
                events(
                    '{{"user_id":"u{user}","parent_asin":"p{item}","rating":{stars}.0,'
                    '"timestamp":158861585{n:04d}}}'
                ),
            ),
            "meta.json": json.dumps(
                [
                    {"parent_asin": f"p{n}", "title": f"Thing {n}", "categories": ["a", f"c{n}"]}
                    for n in range(1, 21)
                ]
            ),
        },
        {
            "ratings": {
                "file": "reviews.jsonl",
                "format": "jsonl",
                "user": "user_id",
                "item": "parent_asin",
                "time": "timestamp",
                "time_format": "milliseconds",
                "value": "rating",
            },
            "items": {
                "file": "meta.json",
                "format": "json",
                "item": "parent_asin",
                "title": "title",
                "categories": "categories",
            },
        },
    ),
    "an item before the user, categories in a file of their own": (
        {
            "magazines.csv": rows("", events("B0000000{item:02d},A{user}X,{stars}.0,11000{n:05d}")),
            "kinds.csv": rows("asin,genre", titles("B0000000{item:02d},science") * 2),
        },
        {
            "ratings": {
                "file": "magazines.csv",
                "header": False,
                "fields": ["item", "user", "value", "time"],
                "time_format": "seconds",
            },
            "categories": {"file": "kinds.csv", "item": "asin", "category": "genre"},
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
    "semicolons, decimal commas, escaped quotes, no ratings as 0": (
        {
            "ratings.csv": rows(
                "User-ID;ISBN;Book-Rating",
                (
                    f"{n % 30};{n % 20};{(0, 0, '7,5', '8,0', '1,5', '4,0')[n % 6]}"
                    for n in range(300)
                ),
            ),
            "books.csv": rows(
                "ISBN;Book-Title;Year-Of-Publication",
                titles('{item};"The \\"real\\" title {n}";1999'),
            ),
        },
        {
            "ratings": {
                "file": "ratings.csv",
                "separator": ";",
                "user": "User-ID",
                "item": "ISBN",
                "time": False,
                "value": "Book-Rating",
                "decimal": ",",
                "no_value": ["0"],
            },
            "scale": {"lowest": 1.5, "highest": 8, "step": 0.5, "relevant_from": 7.5},
            "items": {
                "file": "books.csv",
                "separator": ";",
                "escape": "\\",
                "item": "ISBN",
                "title": "Book-Title",
                "released": "Year-Of-Publication",
            },
        },
    ),
}


@pytest.mark.parametrize("shape", CASES)
def test_a_proposal_has_the_fields_of_the_files(shape: str, tmp_path: Path) -> None:
    files, expected = CASES[shape]
    fields = proposed(tmp_path, files)

    assert {name: fields.get(name) for name in expected} == expected
    sections = {"ratings", "events", "items", "categories", "users", "scale", "kinds"}
    assert sections & fields.keys() >= expected.keys() & sections
    assert not (sections - {"scale", "kinds"} - expected.keys()) & fields.keys()


def test_guessed_lines_have_a_reason_and_certain_ones_have_none(tmp_path: Path) -> None:
    proposed(tmp_path, {"ratings.csv": STARS})
    lines = (tmp_path / "shop.toml").read_text().splitlines()

    assert 'user = "user_id"' in lines
    assert "highest = 5  # guess: the highest value found" in lines


def test_the_command_shows_rows_and_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ratings.csv").write_text(STARS)
    out = tmp_path / "out" / "shop.toml"
    out.parent.mkdir()
    assert propose.main([str(tmp_path / "ratings.csv"), "--out", str(out)]) == 0
    shown = capsys.readouterr().err
    assert "1997-07-27 10:40:01" in shown
    assert "every field is valid" in shown
    assert datasets.load(out).title == "Ratings"


def test_files_without_users_and_items_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("colour,size\nred,1\nblue,2\n")
    assert propose.main([str(tmp_path)]) == 1
    assert "a.csv has colour, size). Rename these columns" in capsys.readouterr().err

    with pytest.raises(NothingSentError, match=r"no file .*absent\.csv"):
        propose.proposal([tmp_path / "absent.csv"])
