"""`check` counts each row that `refine` would refuse, and names one with its line."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.findings.graded import (
    BASE,
    EVENTS,
    RATINGS,
    START,
    events,
    graded,
    ratings,
)

BUY = EVENTS + 'kind = "buy"\nvalue = "n"\n'
N_EVENTS = events("user,item,n", "u{user},i{item},{k}")
CATALOGUE = (
    EVENTS
    + 'kind = "view"\n[items]\nfile = "items.csv"\nvendor = "maker"\nreleased = "year"\n'
    + 'categories = "tags"\nattributes = { price = "number", until = "time" }\n'
    + '[categories]\nfile = "tags.csv"\n[users]\nfile = "users.csv"\nattributes = ["age"]\n'
)
ITEM = "i{n},Title,m,2001,a|b,4.5,2026-12-31"
FILES: dict[str, str | bytes] = {
    "events.csv": events("user,item", "u{user},i{item}"),
    "tags.csv": "item,category\n" + "".join(f"i{n},a\n" for n in range(11)),
    "users.csv": "user,age\n" + "".join(f"u{n},20\n" for n in range(7)),
}


def items(odd: str = ITEM) -> str:
    rows = [ITEM.format(n=n) for n in range(40)]
    return "\n".join(["item,title,maker,year,tags,price,until", *rows, odd.format(n=40)]) + "\n"


@pytest.mark.parametrize(
    ("manifest", "files", "expected"),
    [
        (
            BUY,
            {"events.csv": N_EVENTS + "u,i,abc\nu,i,n/a\nu,i,\u00a07\u2003\nu,i,\n"},
            "62 pass the checks, 2 go to the quarantine (value_not_a_number 2), 0 are left out",
        ),
        (
            BUY + 'no_value = ["n/a"]\nkeep_if = "n != 5"',
            {"events.csv": N_EVENTS + "u,i,\u00a0n/a\n"},
            "60 pass the checks, 0 go to the quarantine, 1 are left out",
        ),
        (
            RATINGS + 'no_value = ["NA"]',
            {"ratings.csv": ratings() + f"u,i,NA,{START}\n" * 20 + "short\n" + f"u,i,9,{START}\n"},
            "2 go to the quarantine (line_malformed 1, rating_off_scale 1), 20 are left out",
        ),
        (
            RATINGS + 'no_value = ["NA"]',
            {"ratings.csv": ratings() + f"u,i,NA,{START}\n" * 20},
            '25.0% of the sampled rows have no rating ("NA") and are left out',
        ),
        (
            BUY,
            {"events.csv": N_EVENTS + f"{'u' * 1025},i,3\n"},
            "warning events 1.6% of the sampled rows have more than 1,024 bytes in `user`, such as",
        ),
        (
            RATINGS,
            {
                "ratings.csv": ratings()
                + f"u,i,9,{START}\n" * 2
                + f",i,3,{START}\n" * 2
                + "u,i,3,\n"
            },
            "error ratings 7.7% of the sampled rows fail a check, 5.0% are allowed",
        ),
        (
            BASE + RATINGS.removeprefix(BASE) + 'time = ["time", "clock"]\ntime_format = "iso"',
            {
                "ratings.csv": "user,item,value,time,clock\n"
                + "".join(f"u{n},i{n},{n % 5 + 1},2026-03-01,\n" for n in range(20))
            },
            "20 pass the checks, 0 go to the quarantine",
        ),
    ],
)
def test_rows_of_events(
    manifest: str, files: dict[str, str | bytes], expected: str, tmp_path: Path
) -> None:
    findings = graded(tmp_path, manifest, files)
    assert any(expected in finding for finding in findings), "\n".join(findings)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "items.csv",
            items("i{n},Title,m,2001,a|b,n/a,soon"),
            (
                "warning items 2.4% of the sampled rows have no number in `price`, such as 'n/a' "
                "in items.csv line 42: these items are kept without the value"
            ),
        ),
        ("items.csv", items("i{n},T,m,2001,a,1,soon"), "have no time in `until`, such as 'soon'"),
        ("items.csv", items("i{n},T,m,late,a,1,2001"), "have no year in `year`, such as 'late' in"),
        ("items.csv", items(f"{'i' * 1025},T,m,,a,1,"), "more than 1,024 bytes in `item`"),
        ("items.csv", items(f"i{{n}},T,{'m' * 1601},,a,1,"), "more than 1,600 bytes in `maker`"),
        (
            "items.csv",
            items(f"i{{n}},T,m,,a|{'b' * 1601},1,"),
            "have a category of more than 1,600 bytes in `tags`",
        ),
        ("items.csv", items("i{n},T,m,20\0,a,1,"), "have a NUL character in `year`"),
        ("items.csv", items('i{n},T,m,,"[""a\\u0000""]",1,'), "have a NUL character in `tags`"),
        (
            "items.csv",
            items("i{n},\u00a0,m,2001,a,1,"),
            "warning items 2.4% of the sampled rows have no `title`, such as items.csv line 42",
        ),
        ("tags.csv", "item,category\n" + "i1,a\n" * 30 + "i1,\u2003\n", "have no `category`"),
        (
            "tags.csv",
            "item,category\n" + "i1,a\n" * 30 + f"i1,{'x' * 1601}\n",
            "more than 1,600 bytes in `category`",
        ),
        (
            "users.csv",
            "user,age\n" + "u1,20\n" * 30 + f"u1,{'x' * 1601}\n",
            "more than 1,600 bytes in `age`",
        ),
    ],
)
def test_rows_of_the_catalogue(name: str, content: str, expected: str, tmp_path: Path) -> None:
    files = {"items.csv": items()} | FILES | {name: content}
    findings = graded(tmp_path, CATALOGUE, files)
    assert any(expected in finding for finding in findings), "\n".join(findings)
    is_refused = not any(f"`{column}`" in expected for column in ("price", "until", "title"))
    counts = next(x for x in findings if f"note {name[:4]}" in x.replace("categories", "tags"))
    assert ("1 go to the quarantine" in counts) is (is_refused and "no year" not in expected)


def test_files_of_two_products_are_recognised(tmp_path: Path) -> None:
    manifest = RATINGS + EVENTS.removeprefix(BASE).replace("time = false", 'kind = "view"')
    files: dict[str, str | bytes] = {
        "ratings.csv": ratings(),
        "events.csv": events("user,item,time", f"v{{user}},j{{item}},{START}"),
    }
    expected = "warning events events.csv has no user and no item of the other files of events"
    assert any(text.startswith(expected) for text in graded(tmp_path, manifest, files))

    files["events.csv"] = events("user,item,time", f"v{{user}},i{{item}},{START}")
    assert not any("no user and no item" in text for text in graded(tmp_path, manifest, files))
