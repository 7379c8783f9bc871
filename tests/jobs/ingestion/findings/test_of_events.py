"""What `check` says about files of ratings and events: one sentence with the next step."""

import gzip
from pathlib import Path

import pytest

from tests.jobs.ingestion.findings.graded import (
    EVENTS,
    RATINGS,
    events,
    graded,
    ratings,
)


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
                "no column `time`; the file has `user`, `item`, `value`, `at`, of which the "
                "manifest does not name `at`. Correct the names in the manifest or in the file. If "
                "the data have no times, write `time = false`"
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
            (
                "error events 98.4% of the sampled rows have a kind in `action` that `[kinds]` "
                "does not have"
            ),
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
            "warning events `n` is 1 in all sampled rows, so it says nothing: leave `value` out",
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
            EVENTS + 'kind = "buy"\nvalue = "n"',
            {"events.csv": events("user,item,n", "u{user},i{item},{k}") + "u,i,1e308\n"},
            "have a `n` above 1,000,000,000, such as '1e308' in events.csv line 62",
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


def test_one_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    manifest = RATINGS + '[items]\nfile = "items.csv"\n'
    files: dict[str, str | bytes] = {
        "ratings.csv": ratings(value="9"),
        "items.csv": b"%PDF-1.7",
    }
    findings = graded(tmp_path, manifest, files)
    assert findings[0].startswith("error items items.csv: this is a PDF")
    assert any("100.0% of the sampled rows are off the scale" in finding for finding in findings)
