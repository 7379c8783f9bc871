"""Files that are empty, unreadable, many, or large."""

import gzip
import json
from pathlib import Path

import pytest

from jobs.ingestion.proposals import propose
from jobs.ingestion.proposals.files import tables
from jobs.runtime.errors import NothingSentError
from tests.jobs.ingestion.proposals.shapes import (
    STARS,
    Files,
    events,
    manifest,
    proposed,
    rows,
    section,
    send,
)

ZIP = b"PK\x03\x04 and more"
AS_ARCHIVE = ', or write `kind = "archive"` in `[source]`'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty: it has no line"),
        (b"\xef\xbb\xbf", "it is empty: it has no line"),
        (b"\n\n\n", "it is empty: it has no line"),
        (b"user,item,value\n", "it has a header and no rows"),
        (ZIP, f"this is a zip archive. Unpack it first{AS_ARCHIVE}"),
        (b"%PDF-1.7", "this is a PDF. Send the data as csv, jsonl or parquet"),
        (gzip.compress(STARS.encode())[:-200], "the compressed file ends too early"),
    ],
)
def test_a_file_without_rows_is_named_with_the_reason(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    send(tmp_path, {"r.csv": content})
    with pytest.raises(NothingSentError) as error:
        propose.proposal([tmp_path / "r.csv"])
    assert str(error.value).startswith(f"no file has rows that can be read. r.csv: {reason}")

    send(tmp_path, {"stars.csv": STARS})
    note = next(x for x in manifest(tmp_path, {}).splitlines() if x.startswith("# not used"))
    assert note.startswith(f"# not used: r.csv: {reason.removesuffix(AS_ARCHIVE)}")
    assert AS_ARCHIVE not in note


def test_days_without_rows_do_not_hide_the_other_days(tmp_path: Path) -> None:
    header, *others = STARS.splitlines(keepends=True)
    days: Files = {f"{day}.csv": header + "".join(others[day::3] if day else ()) for day in (0, 1)}
    ratings = section(proposed(tmp_path, {**days, "2.csv": STARS, "3.csv": STARS}), "ratings")
    assert ratings["file"] == "*.csv"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("orders-2026-01.csv", "orders-*.csv"),
        ("2026/orders_20260131T1200.csv", "2026/orders_*.csv"),
        ("31.01.2026-orders.csv", "*-orders.csv"),
        ("orders.Jan-2026.csv", "orders.*.csv"),
        ("orders2026Q1.csv", "orders*.csv"),
        ("ml-20m.csv", "ml-20m.csv"),
        ("orders-3120261.csv", "orders-3120261.csv"),
        ("orders-2026th.csv", "orders-2026th.csv"),
    ],
)
def test_a_file_with_a_date_in_its_name_is_the_first_of_many(
    name: str, pattern: str, tmp_path: Path
) -> None:
    ratings = section(proposed(tmp_path, {name: STARS}), "ratings")
    assert ratings["file"] == pattern


def test_a_date_stays_in_the_name_if_the_pattern_would_match_another_file(tmp_path: Path) -> None:
    files: Files = {"r-2026.csv": STARS, "r-items.csv": "id,title\n1,Heat\n2,Alien\n3,Ran\n"}
    assert section(proposed(tmp_path, files), "ratings")["file"] == "r-2026.csv"


def test_logs_with_other_fields_each_day_are_one_section(tmp_path: Path) -> None:
    files = {
        f"log-{day}.jsonl": rows("", events(f'{{{{"user":{{user}},"item":{{item}},"f{day}":1}}}}'))
        for day in range(3)
    }
    fields = proposed(tmp_path, files)
    assert section(fields, "events")["file"] == "log-*.jsonl"


def test_of_many_files_of_one_kind_the_first_is_sampled(tmp_path: Path) -> None:
    send(tmp_path, {f"{day}.csv": STARS for day in range(20)} | {"items.csv": "id,title\n1,Heat\n"})
    found = tables.sampled(tables.files_of([tmp_path]), tmp_path)
    assert [(table.file, table.path.name) for table in found] == [
        ("*.csv", "0.csv"),
        ("items.csv", "items.csv"),
    ]


def test_long_texts_are_cut_and_samples_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_FILE_BYTES", 100_000)
    monkeypatch.setattr("jobs.ingestion.reading.lines.BLOCK_CHARS", 1 << 16)
    items = (f"{n},Title {n},{'lorem ' * 2000}" for n in range(1000))
    send(tmp_path, {"items.csv": rows("id,title,description", items)})
    [table] = tables.sampled([tmp_path / "items.csv"], tmp_path)
    texts = table.column("description").texts
    assert len(texts[0].as_py()) == 500
    assert 50_000 <= texts.nbytes < 200_000


def test_objects_with_other_keys_in_each_row_are_proposed_by_their_known_fields(
    tmp_path: Path,
) -> None:
    found = [
        {**{f"k{n}_{key}": 1 for key in range(300)}, "user": f"u{n % 31}", "item": f"i{n % 19}"}
        for n in range(300)
    ]
    send(tmp_path, {"log.jsonl": "".join(f"{json.dumps(row)}\n" for row in found)})
    [table] = tables.sampled([tmp_path / "log.jsonl"], tmp_path)
    names = [profile.name for profile in table.profiles]
    assert {"user", "item"} <= {*names}
    assert len(names) <= 200


def test_cyrillic_titles_have_their_encoding(tmp_path: Path) -> None:
    items = rows("item,title", (f"{n},Сталкер и другие {n}" for n in range(1, 21)))
    files: Files = {
        "r.csv": rows("user,item", events("{user},{item}")),
        "i.csv": items.encode("cp1251"),
    }
    proposal = section(proposed(tmp_path, files), "items")
    assert proposal["encoding"] == "windows-1251"
