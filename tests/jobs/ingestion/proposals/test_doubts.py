"""What the comments of a proposal say where the values of a column may mean two things."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.proposals.shapes import events, manifest, proposed, rows, section

EVENTS = "user,item,value,time"


def lines(text: str, *fields: str) -> list[str]:
    return [line for line in text.splitlines() if line.split(" = ")[0] in fields]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ('"1,234"', "17", '"12,345.50"'),
            ['thousands = ","  # guess: such as 1,234'],
        ),
        (
            ('"1,234"', "17"),
            [
                (
                    'thousands = ","  # guess: such as 1,234; if 1,234 has a fraction, write '
                    '`decimal = ","` instead'
                )
            ],
        ),
        (
            ('"1.234,50"', "1.234", "17"),
            [
                'decimal = ","  # guess: such as 1.234,50',
                'thousands = "."  # guess: the mark between thousands',
            ],
        ),
        (("1.5", "17"), []),
    ],
)
def test_a_column_of_numbers_is_judged_as_a_whole(
    values: tuple[str, ...], expected: list[str], tmp_path: Path
) -> None:
    sent = [f"u{n % 9},i{n % 5},{values[n % len(values)]},{1_700_000_000 + n}" for n in range(60)]
    text = manifest(tmp_path, {"r.csv": rows("user,item,amount,time", sent)})
    assert lines(text, "decimal", "thousands") == expected


def test_prices_of_items_are_read_with_their_own_marks(tmp_path: Path) -> None:
    items = (f"{n},Title {n},4,{n + 10}" for n in range(1, 21))
    files = {
        "views.csv": rows("user;item", events("{user};{item}")),
        "items.csv": rows("item;title;price", (x.replace(",", ";", 2) for x in items)),
    }
    proposal = section(proposed(tmp_path, files), "items")
    assert (proposal["decimal"], proposal["attributes"]) == (",", {"price": "number"})


def test_a_day_and_a_month_that_may_be_exchanged_are_a_guess(tmp_path: Path) -> None:
    sent = events("{user},{item},{stars},{item:02d}/02/2024")
    dates = [row for row in sent if int(row.split(",")[3][:2]) <= 12]
    assert lines(manifest(tmp_path, {"r.csv": rows(EVENTS, dates)}), "time_format") == [
        (
            'time_format = "%m/%d/%Y"  # guess: such as 01/02/2024; no day is above 12. If the '
            'day comes first, write "%d/%m/%Y"'
        )
    ]
    assert lines(manifest(tmp_path, {"r.csv": rows(EVENTS, sent)}), "time_format") == [
        'time_format = "%d/%m/%Y"  # guess: such as 01/02/2024'
    ]


@pytest.mark.parametrize(("time", "pattern"), [("", "%Y%m%d"), ("235959", "%Y%m%d%H%M%S")])
@pytest.mark.parametrize("header", [EVENTS, "user,item,value,on_which", ""])
def test_dates_without_separators_are_times(
    time: str, pattern: str, header: str, tmp_path: Path
) -> None:
    sent = events("{user},{item},{stars},202603{item:02d}" + time)
    ratings = section(proposed(tmp_path, {"r.csv": rows(header, sent)}), "ratings")
    assert ratings["time_format"] == pattern
    assert ratings.get("time", "time") == ("on_which" if "on_which" in header else "time")


def test_eight_digits_that_are_no_dates_are_no_times(tmp_path: Path) -> None:
    sent = events("{user},{item},{stars},2026{item:02d}99")
    ratings = section(
        proposed(tmp_path, {"r.csv": rows("user,item,value,number", sent)}), "ratings"
    )
    assert ratings["time"] is False


def test_a_file_whose_columns_have_unknown_names_is_named_with_its_ids(tmp_path: Path) -> None:
    files = {
        "clicks.csv": rows("user,item,time", events("u{user},i{item},17723556{n:03d}")),
        "orders.csv": rows("Bestellung;Artikel;Kunde", events("{n};i{item};u{user}", n=40)),
        "stock.csv": rows("Artikel;Lager", (f"i{n};{n}" for n in range(1, 20))),
    }
    unused = [line for line in manifest(tmp_path, files).splitlines() if "not used" in line]

    [line] = unused
    assert line == (
        "# not used: orders.csv: `Kunde` has ids of users and `Artikel` ids of items, by their "
        "values only. If its rows are events, describe it in `[[events]]`"
    )
