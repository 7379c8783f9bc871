"""How much of large files `check` reads, and what it then leaves out."""

import re
from pathlib import Path

import pytest

from jobs import land
from jobs.ingestion import check, samples
from jobs.ingestion.findings.finding import Finding
from jobs.ingestion.listing import listed
from jobs.ingestion.sources import SentFile
from jobs.runtime.errors import HeaderError
from tests.support.jobs.product import product
from warehouse.manifests.sources import Items, Ratings

MANIFEST = """
title = "Shop"
licence = "Invented."
source = {kind = "inbox"}
events = [{file = "views-*.csv", time = false, kind = "view"}]
kinds = {view = {}}
items = {file = "items.csv", attributes = {text = "text"}}
"""


def graded(folder: Path) -> list[str]:
    (folder / "shop.toml").write_text(MANIFEST)
    for day in range(4):
        rows = (f"u{n},i{n % 40}\n" for n in range(9000))
        (folder / f"views-{day}.csv").write_text(f"user,item\nu{day},i0\n{''.join(rows)}")
    items = (f"i{n},Title,{'x' * 100_000}\n" for n in range(40))
    (folder / "items.csv").write_text(f"item,title,text\n{''.join(items)}")
    return [finding.text for finding in check.grade(folder / "shop.toml", folder)]


def n_sampled(texts: list[str]) -> int:
    """Return how many rows of the files of events were sampled."""
    [found] = [
        match for text in texts if (match := re.match(r"files: 4, sampled rows: ([\d,]+)", text))
    ]
    return int(found[1].replace(",", ""))


def test_all_files_share_the_bytes_that_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert n_sampled(graded(tmp_path)) == 36_004

    monkeypatch.setattr(check, "SAMPLE_BYTES", 1 << 18)
    monkeypatch.setattr(check, "_FEWEST_BYTES", 1 << 14)
    monkeypatch.setattr("jobs.ingestion.reading.lines.BLOCK_CHARS", 1 << 14)
    texts = graded(tmp_path)
    assert 4 <= n_sampled(texts) < 36_004
    assert not any("in no file of items" in text for text in texts)  # not all items were read


def test_a_sample_says_whether_it_has_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item,title\n1,Heat\n2,Ran\n")
    section = Items(file="items.csv")
    assert samples.read(path, section, name="items.csv").is_whole
    assert not samples.read(path, section, name="items.csv", limit=1).is_whole
    assert not samples.read(path, section, name="items.csv", max_bytes=1).is_whole


def test_of_very_many_names_some_are_listed() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([f"k{n}" for n in range(1060)]).endswith(", k49 and 1,010 more")
    assert listed(["x" * 1000, "y"]) == f"{'x' * 100}…, y"


def test_no_finding_grows_with_the_names_and_values_of_a_file(tmp_path: Path) -> None:
    """Columns that the manifest does not name, and kinds that it does not know."""
    (tmp_path / "shop.toml").write_text(
        MANIFEST.replace('kind = "view"', 'kind_column = "kind"').replace("views-*", "views")
    )
    columns = ",".join([*(f"c{n}" for n in range(9000)), "z" * 50_000])
    blanks = "," * 9001
    kinds = [f"{n}{'k' * 50_000}" for n in range(40)]
    rows = "".join(f"u{n},i{n},{kind}{blanks}\n" for n, kind in enumerate(kinds))
    (tmp_path / "views.csv").write_text(f"user,item,kind,{columns}\n{rows}")
    (tmp_path / "items.csv").write_text("item,title\ni0,Title\n")  # without `text`

    findings = check.grade(tmp_path / "shop.toml", tmp_path)

    assert any("c49 and 8,951 more" in finding.text for finding in findings)
    assert any("and 30 more" in finding.text for finding in findings)
    assert max(len(finding.text) for finding in findings) < 6100


def test_the_refusal_of_land_does_not_grow_with_the_columns_and_files(tmp_path: Path) -> None:
    columns = ",".join(f"{n}{'c' * 1000}" for n in range(2000))
    paths = [tmp_path / f"ratings{n}.csv" for n in range(40)]
    for path in paths:
        path.write_text(f"{columns}\n{'x,' * 1999}x\n")
    section = Ratings(file="ratings*.csv")
    files = [SentFile("ratings", p.name, str(p), p.name.ljust(16, "x"), section) for p in paths]

    with pytest.raises(HeaderError, match="and 30 more") as error:
        land.require_headers(None, product(), files)

    assert len(str(error.value)) < 30_000


def test_a_very_long_finding_is_cut() -> None:
    assert len(Finding("note", "items", "x" * 1_000_000).text) < 6100
