from pathlib import Path

import pytest

from jobs.ingestion import check
from jobs.ingestion.findings.finding import Level
from tests.support.jobs.product import HEADER, send

MANIFEST = """
title = "Product"
licence = "Invented."
source = {kind = "inbox"}
ratings = {file = "ratings*.csv", user = "user", item = "item", value = "stars", time = "at"}
items = {file = "items*.csv", item = "item", title = "title", categories = "kinds"}
scale = {lowest = 1, highest = 5, step = 1, relevant_from = 4}
"""
GOOD = [f"u{n},i{n},{n % 5 + 1},{1_700_000_000 + n}" for n in range(40)]

ITEMS = ("i,Other,x", *(f"i{n},Title {n},x|y" for n in range(40)))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "product.toml"
    path.write_text(MANIFEST)
    return path


def graded(manifest: Path, level: Level) -> list[str]:
    findings = check.grade(manifest, manifest.parent / "inbox")
    return [f"{finding.about}: {finding.text}" for finding in findings if finding.level == level]


def sent(manifest: Path, *ratings: str, items: tuple[str, ...] = ITEMS) -> None:
    inbox = manifest.parent / "inbox"
    send(inbox, "ratings.csv", *ratings)
    send(inbox, "items.csv", "item,title,kinds", *items)


def test_valid_files_get_notes_only(manifest: Path) -> None:
    sent(manifest, HEADER, *GOOD)

    assert graded(manifest, "error") == graded(manifest, "warning") == []
    assert "ratings: times from 2023-11-14 to 2023-11-14 UTC" in graded(manifest, "note")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["u,i,7,1700000000"] * 5, "ratings: 11.1% of the sampled rows are off the scale"),
        (["u,i,4,4100000000"] * 5, "ratings: 11.1% of the sampled rows are in the future"),
        (["u,i,4,soon"] * 5, "ratings: 11.1% of the sampled rows have no readable time"),
        (["u,i,lots,1700000000"] * 5, "ratings: 11.1% of the sampled rows have no number"),
        ([",i,4,1700000000"] * 5, "ratings: 11.1% of the sampled rows have no `user`"),
        (["short"] * 5, "ratings: 11.1% of the sampled rows cannot be split"),
    ],
)
def test_more_bad_rows_than_refine_accepts_are_an_error(
    manifest: Path, rows: list[str], expected: str
) -> None:
    sent(manifest, HEADER, *GOOD, *rows)

    assert any(text.startswith(expected) for text in graded(manifest, "error"))


def test_a_few_bad_rows_are_a_warning(manifest: Path) -> None:
    sent(manifest, HEADER, *GOOD, "u,i,7,1700000000")

    assert graded(manifest, "error") == []
    assert len(graded(manifest, "warning")) == 1


def test_a_renamed_column_is_an_error_and_an_extra_column_a_warning(manifest: Path) -> None:
    sent(manifest, "user,item,score,at,price", *[f"{row},1" for row in GOOD])
    [error] = graded(manifest, "error")
    assert error.startswith("ratings: ratings.csv: no column `stars`; the file has")
    assert any("ignored: score, price" in text for text in graded(manifest, "warning"))


def test_unusual_values_are_warnings(manifest: Path) -> None:
    many = tuple(f"i{n},Title {n},kind {n}" for n in range(250))
    sent(manifest, HEADER, *[f"u,i{n},5,{n}" for n in range(40)], items=many)

    warnings = " ".join(graded(manifest, "warning"))
    assert "is `time_format` really 'seconds'?" in warnings
    assert "40 of 40 sampled ratings reach `relevant_from` 4" in warnings
    assert "250 categories: is '|' right as `categories_separator`?" in warnings


def test_empty_files_missing_files_and_invalid_manifests_are_named(manifest: Path) -> None:
    assert "no file in" in graded(manifest, "error")[0]

    send(manifest.parent / "inbox", "ratings.csv", HEADER)
    assert graded(manifest, "error") == [
        "ratings: ratings.csv: has no row. Send it again, or remove it"
    ]
    assert graded(manifest, "warning") == [
        "items: no file matches items*.csv: correct `file`, or put the file there"
    ]

    manifest.write_text(MANIFEST.replace("step = 1", "step = 0"))
    assert "scale.step" in graded(manifest, "error")[0]


def test_files_that_no_section_names_are_a_warning(manifest: Path) -> None:
    sent(manifest, HEADER, *GOOD)
    inbox = manifest.parent / "inbox"
    for name in ("README.md", ".ratings.part", "_SUCCESS", "truth/more.csv"):
        send(inbox, name, "no data")
    assert graded(manifest, "warning") == []

    send(inbox, "more.csv", HEADER, *GOOD)
    [warning] = graded(manifest, "warning")
    assert "no `file` of the manifest, not read: more.csv. Correct `file`" in warning


def test_files_that_cannot_be_checked_are_noted(manifest: Path) -> None:
    for source, expected in (
        ('{kind = "folder", url = "s3a://bucket"}', "reading them takes Spark"),
        (
            f'{{kind = "archive", url = "https://example.com/p.zip", sha256 = "{"0" * 64}"}}',
            "to check them",
        ),
    ):
        manifest.write_text(MANIFEST.replace('{kind = "inbox"}', source))
        assert expected in graded(manifest, "note")[1]

    manifest.write_text(MANIFEST.replace('{kind = "inbox"}', '{kind = "archive"}'))
    assert "no archive in" in graded(manifest, "error")[0]


def test_the_command_fails_if_a_finding_is_an_error(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(manifest), "--inbox", str(manifest.parent / "inbox")]
    assert check.main(command) == 1

    sent(manifest, HEADER, *GOOD)
    assert check.main(command) == 0
    assert "Product: every field is valid" in capsys.readouterr().out
