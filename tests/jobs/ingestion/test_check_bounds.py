"""How much of large files `check` reads, and what it then leaves out."""

import re
from pathlib import Path

import pytest

from jobs.ingestion import check, samples
from warehouse.manifests.sources import Items

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
    assert samples.listed(["a", "b"]) == "a, b"
    assert samples.listed([f"k{n}" for n in range(1060)]).endswith(", k49 and 1,010 others")
