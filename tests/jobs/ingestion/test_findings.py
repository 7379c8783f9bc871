"""What `check` says about files that go wrong for people: one sentence with the next step."""

import gzip
from pathlib import Path

import pytest

from jobs.ingestion import check

BASE = """
title = "Shop"
licence = "Invented."
source = {kind = "inbox"}
"""
RATINGS = (
    BASE
    + """
[scale]
lowest = 1
highest = 5
step = 1
relevant_from = 4
[ratings]
file = "ratings.csv"
"""
)
EVENTS = (
    BASE
    + """
[kinds.view]
[kinds.buy]
weight = 5
[kinds.read]
value = "share"
[[events]]
file = "events.csv"
time = false
"""
)
START = 1_700_000_000


def graded(folder: Path, manifest: str, files: dict[str, str | bytes]) -> list[str]:
    """Return the findings as `level about text`."""
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
    (folder / "shop.toml").write_text(manifest)
    findings = check.grade(folder / "shop.toml", folder)
    return [f"{finding.level} {finding.about} {finding.text}" for finding in findings]


def ratings(time: str = "{at}", value: str = "{stars}", n: int = 60, header: str = "") -> str:
    rows = [
        f"u{k % 7},i{k * 5 % 11},{value},{time}".format(
            stars=k % 5 + 1, at=START + k, day=k % 28 + 1
        )
        for k in range(n)
    ]
    return "\n".join([header or "user,item,value,time", *rows]) + "\n"


def events(columns: str, row: str, n: int = 60) -> str:
    rows = [row.format(user=k % 7, item=k * 5 % 11, k=k) for k in range(n)]
    return "\n".join([columns, *rows]) + "\n"


@pytest.mark.parametrize(
    ("manifest", "files", "expected"),
    [
        (
            RATINGS,
            {"ratings.csv": ratings(time="{at}000")},
            'Is `time_format = "milliseconds"` right?',
        ),
        (
            RATINGS + 'time_format = "iso"',
            {"ratings.csv": ratings(time="{day}.09.1997 16:51")},
            'Is `time_format = "%d.%m.%Y %H:%M"` right?',
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(time="2019-10-{day:02d} 00:00:00 UTC")},
            'Is `time_format = "iso"` right?',
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(header="user,item,value,at")},
            (
                "missing `time`; new `at` (the file has `user`, `item`, `value`, `at`). If the "
                "data have no times, write `time = false`"
            ),
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(header="u9,i9,3,1700000000")},
            "If the first line is data, write `header = false` and the names in `fields`",
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(value='"{stars},5"')},
            (
                "error ratings ratings.csv: `value` has no numbers (1 to 5 expected): '1,5', "
                "'2,5', '3,5'. Is `decimal = \",\"` right?"
            ),
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(value="like")},
            'Name the numbers that words stand for: `values = { "…" = 1 }`',
        ),
        (
            RATINGS,
            {"ratings.csv": ratings() + "u,i,9,1700000000\n"},
            (
                "warning ratings 1.6% of the sampled rows are off the scale (1 to 5 in steps of 1)"
                ", such as '9' in ratings.csv line 62"
            ),
        ),
        (
            RATINGS,
            {"ratings.csv": ratings() + "u,i,0,1700000000\n" * 60},
            '50% are 0: if that means "no rating", write `no_value = ["0"]`',
        ),
        (
            RATINGS,
            {"ratings.csv": ratings(value="4")},
            (
                "warning ratings `value` is 4 in all sampled rows, so it says nothing: describe "
                "the file as `[[events]]`"
            ),
        ),
        (
            RATINGS,
            {"ratings.csv": ratings() + "u1,i1,1,1700000000\nu1,i1,5,1700000000\n"},
            (
                "warning ratings 3.2% of the sampled rows contradict another: one user gave one "
                "item different ratings at the same time, such as ratings.csv line 62"
            ),
        ),
        (
            RATINGS.replace("ratings.csv", "ratings.csv.gz"),
            {"ratings.csv.gz": gzip.compress(ratings(time="9{at}").encode())},
            "are in the future, such as '91700000000' in ratings.csv.gz line 2",
        ),
        (
            RATINGS,
            {"ratings.csv": ratings().encode() + "u1,Café,4,1700000000\n".encode("cp1252")},
            'which is not UTF-8. Is `encoding = "windows-1252"` right?',
        ),
        (
            RATINGS,
            {"ratings.csv": ratings() + "u1\0,i1,4,1700000000\n"},
            "have a NUL character in `user`, such as",
        ),
        (
            RATINGS.replace('file = "ratings.csv"', 'file = "rating.csv"'),
            {"ratings.csv": ratings()},
            "error source shop: no file in ",
        ),
        (
            RATINGS,
            {"ratings.csv": b"PK\x03\x04....[Content_Types].xml"},
            "error ratings ratings.csv: this is an Excel workbook",
        ),
        (
            RATINGS + 'keep_if = "value > 7"',
            {"ratings.csv": ratings()},
            "error ratings `keep_if` keeps 0.0% of the sampled rows of ratings.csv: value > 7",
        ),
        (
            RATINGS.replace("[scale]", '[windows]\nwithout_time = "file_order"\n[scale]')
            + "time = false",
            {
                "ratings.csv": "user,item,value\n"
                + "".join(f"u{k // 3},i{k},4\n" for k in range(60))
            },
            "warning ratings the rows are sorted by user, so all users of the last rows are new",
        ),
        (
            RATINGS + 'header = false\nfields = ["user", "item", "value", "time"]',
            {"ratings.csv": ratings()},
            "warning ratings ratings.csv line 1 looks like a header. Write `header = true`",
        ),
        (
            EVENTS + 'kind_column = "action"',
            {"events.csv": events("user,item,action", "u{user},i{item},{k}") + "u,i,view\n"},
            "error events 98.4% of the sampled rows have a kind in `action` that has no `[kinds]`",
        ),
        (
            EVENTS + 'kind_column = "action"\nkinds = { purchase = "buy" }',
            {"events.csv": events("user,item,action", "u{user},i{item},purchase") + "u,i,wish\n"},
            "They are wish 1. Name each in `kinds`, or as a section such as `[kinds.wish]`",
        ),
        (
            EVENTS + 'kind_column = "action"',
            {"events.csv": events("user,item,action", "u{user},i{item},view") + "u,i,buy\n"},
            "note events kinds in events.csv: view 60, buy 1",
        ),
        (
            EVENTS + 'kind = "buy"\nvalue = "n"',
            {"events.csv": events("user,item,n", "u{user},i{item},1")},
            "warning events `n` is 1 in all sampled rows: leave `value` out",
        ),
        (
            EVENTS + 'kind = "buy"\nvalue = "n"',
            {"events.csv": events("user,item,n", "u{user},i{item},{k}") + "u,i,-1\n"},
            (
                "have a negative `n`, such as '-1' in events.csv line 62. If they are returns, "
                "write `keep_if = 'n > 0'`"
            ),
        ),
        (
            EVENTS + 'kind = "read"\nvalue = "n"',
            {"events.csv": events("user,item,n", "u{user},i{item},0.5") + "u,i,50\n"},
            "have a `n` above 1, such as '50' in events.csv line 62",
        ),
        (
            EVENTS + 'kind = "buy"\nvalue = "n"',
            {"events.csv": events("user,item,n", "u{user},i{item},{k}") + "u,i,many\n"},
            (
                "warning events 1.6% of the sampled rows have no number in `n`, such as 'many' in "
                "events.csv line 62. Name the numbers that words stand for: `values = "
                '{ "…" = 1 }`. If "many" means "no value", write `no_value = ["many"]`'
            ),
        ),
        (
            EVENTS + 'kind = "buy"',
            {"events.csv": events("user,item", "{user}.0,i{item}")},
            (
                "warning events `user` has ids with a decimal point, such as '0.0' in events.csv "
                "line 2: the product's ids have none"
            ),
        ),
    ],
)
def test_files_of_events(
    manifest: str, files: dict[str, str | bytes], expected: str, tmp_path: Path
) -> None:
    findings = graded(tmp_path, manifest, files)
    assert any(expected in finding for finding in findings), "\n".join(findings)


ITEMS = EVENTS + 'kind = "view"\n[items]\nfile = "items.csv"\ncategories = "tags"\n'


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [f"x{n},Title,a" for n in range(11)],
            "error items 100.0% of the items in the events are in no file of items, such as 'i0'",
        ),
        (
            [f"I{n},Title,a" for n in range(11)],
            "They differ in capital letters. Export both columns in the same way",
        ),
        (
            [f"i{n},Title,a" for n in range(4)],
            "warning items 63.6% of the items in the events are in no file of items, such as ",
        ),
        (
            [f"i{n},{'x' * 1601 if n == 3 else 'T'},a" for n in range(11)],
            "error items 9.1% of the sampled rows have more than 1,600 bytes in `title`, such as",
        ),
        ([f"i{n},Title,a\0" for n in range(11)], "have a NUL character in `tags`"),
        ([f"i{n},Bush De Noël,a" for n in range(11)], "encoding"),
        ([f"i{n},Tom &amp; Jerry,a" for n in range(11)], "have HTML entities, such as"),
        (
            [f"i{n % 11},Title,a{n}" for n in range(22)],
            "100% of the items have rows with different categories, and the last row counts. If",
        ),
        (
            [f"i{n},Title,a{n}" for n in range(300)],
            "300 categories: is '|' their separator?",
        ),
        (
            [f"i{n},Title,{'|'.join(f'c{n * 30 + k}' for k in range(30))}" for n in range(99)],
            "2,970 categories: too many to choose from",
        ),
    ],
)
def test_files_of_items(rows: list[str], expected: str, tmp_path: Path) -> None:
    text = "\n".join(["item,title,tags", *rows])
    is_decoded_twice = expected == "encoding"
    sent = text.encode().decode("latin-1").encode() if is_decoded_twice else text.encode()
    files: dict[str, str | bytes] = {
        "events.csv": events("user,item", "u{user},i{item}"),
        "items.csv": sent,
    }
    findings = graded(tmp_path, ITEMS, files)
    assert any(expected in finding for finding in findings), "\n".join(findings)


def test_lists_as_json_are_counted_as_they_are_refined(tmp_path: Path) -> None:
    rows = [f"i{n},Title,\"[{{'title': 'Toys'}}, {{'title': 'c{n}'}}]\"" for n in range(300)]
    files: dict[str, str | bytes] = {
        "events.csv": events("user,item", "u{user},i{item}"),
        "items.csv": "\n".join(["item,title,tags", *rows]),
    }
    findings = graded(tmp_path, ITEMS, files)
    assert "note items categories in the sample: 301" in findings
    assert not any("separator" in finding for finding in findings)


def test_one_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    manifest = RATINGS + '[items]\nfile = "items.csv"\n'
    files: dict[str, str | bytes] = {
        "ratings.csv": ratings(value="9"),
        "items.csv": b"%PDF-1.7",
    }
    findings = graded(tmp_path, manifest, files)
    assert findings[0].startswith("error items items.csv: this is a PDF")
    assert any("100.0% of the sampled rows are off the scale" in finding for finding in findings)


def test_ids_of_rows_that_are_not_kept_do_not_count(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "events.csv": events("user,item,n", "u{user},i{item},{k}") + "u,absent,-1\n",
        "items.csv": "\n".join(["item,title,tags", *(f"i{n},Title,a" for n in range(11))]),
    }
    assert any("in no file of items" in text for text in graded(tmp_path, ITEMS, files))

    manifest = ITEMS.replace("time = false", "time = false\nkeep_if = 'n >= 0'")
    findings = graded(tmp_path, manifest, files)
    assert not any("in no file of items" in text for text in findings)
    assert "note events `keep_if` keeps 98.4% of the sampled rows of events.csv" in findings
