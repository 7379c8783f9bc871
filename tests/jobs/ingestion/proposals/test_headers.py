"""Headers with equal names, and columns with the names of the reader's own."""

from pathlib import Path

from tests.jobs.ingestion.proposals.shapes import events, manifest, proposed, rows, section


def test_a_header_with_two_equal_names_is_a_header(tmp_path: Path) -> None:
    sent = rows("user,item,value,time,value", events("{user},{item},{stars},87{n:07d},x"))
    text = manifest(tmp_path, {"r.csv": "exported by us\n" + sent})
    assert (
        "skip_lines = 2  # guess: the header has `value` twice, so it is skipped and `fields` has "
        "the names\nheader = false\n"
        'fields = ["user", "item", "value", "time", "value_2"]  # guess: or rename the columns in '
        "the file, and use its header"
    ) in text
    assert "[ratings]" in text


def test_items_may_have_two_columns_of_one_name(tmp_path: Path) -> None:
    files = {
        "r.csv": rows("user,item", events("{user},{item}")),
        "items.csv": rows("item,title,title", (f"{n},Film {n},x" for n in range(1, 21))),
    }
    items = section(proposed(tmp_path, files), "items")
    assert (items["item"], items["title"]) == ("item", "title")
    assert items["fields"] == ["item", "title", "title_2"]


def test_equal_names_that_say_nothing_do_no_harm(tmp_path: Path) -> None:
    sent = rows("user,item,rating,x,x", events("{user},{item},{stars},1,2"))
    ratings = section(proposed(tmp_path, {"r.csv": sent}), "ratings")
    assert "fields" not in ratings
    assert ratings["value"] == "rating"


def test_columns_may_be_called_line_and_raw(tmp_path: Path) -> None:
    sent = rows("user,item,rating,line,raw", events("{user},{item},{stars},{n},x"))
    assert "ratings" in proposed(tmp_path, {"r.csv": sent})
