"""Proposals for files of ratings, with their items and users."""

import gzip
import json
from pathlib import Path

import pytest

from tests.jobs.ingestion.proposals.shapes import (
    STARS,
    Case,
    events,
    require_proposed,
    rows,
    titles,
)

CASES: dict[str, Case] = {
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
    require_proposed(tmp_path, CASES[shape])
