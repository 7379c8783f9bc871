"""What `check` says about files of items: one sentence with the next step."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.findings.graded import ITEMS, events, graded


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
            "300 categories: is '|' right as `categories_separator`?",
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
