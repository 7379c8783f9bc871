"""`check` counts the rows of a file as `land` and `refine` then record them."""

import csv
import re
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import land, refine
from jobs.ingestion import check
from tests.support.jobs.product import NOW
from warehouse import datasets
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_EVENTS, SILVER_QUARANTINE, SILVER_REFINEMENTS

BASE = """
title = "Shop"
licence = "Invented."
source = { kind = "inbox" }
floors = { max_quarantine_share = 1 }
scale = { lowest = 1, highest = 5, step = 0.5, relevant_from = 4 }
"""
EVENTS = """
[kinds.view]
[kinds.read]
value = "share"
[[events]]
file = "rows.csv"
kind_column = "kind"
value = "n"
no_value = ["NA", "0"]
keep_if = 'note != "skip"'
"""
RATINGS = """
[ratings]
file = "rows.csv"
value = "n"
no_value = ["NA"]
time = ["time", "note"]
time_format = "iso"
"""
HEADER = ("user", "item", "kind", "n", "time", "note")
GOOD = ("u", "i", "rate", "4", "2001", "")
Row = tuple[str, ...]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
spaces = st.sampled_from(["", " ", "\t", "\u00a0", "\u2003", "\u3000", "\u0085"])


def cells(*usual: str) -> st.SearchStrategy[str]:
    """Return texts that are usual in a column, with spaces around them, and any others."""
    padded = st.tuples(spaces, st.sampled_from(usual), spaces).map("".join)
    return st.one_of(padded, padded, padded, texts)


ids = cells("u", "", "x" * 1024, "x" * 1025, "\u00e9" * 600, "u\0")
rows = st.tuples(
    ids,
    ids,
    cells("view", "read", "rate", "refund", ""),
    cells("", "3", "n/a", "abc", "-1", "0.5", "5.25", "NA", "0", "0.0", "1e999", "true", "0x10"),
    cells("100", "soon", "", "0x64", "99999999999", "2026-03-01", "2001"),
    cells("keep", "skip", "", "10:00"),
)
ODD: list[Row] = [
    ("u", "i", "view", "n/a", "2001", ""),
    ("\u00a0u", "i\u2003", "\u00a0view", "\u00a03", "\u00a02001\u3000", "\u00a0skip"),
    ("\u00a0u", "i\u2003", "\u00a0view", "\u00a03", "\u00a02001\u3000", ""),
    ("x" * 1025, "i", "view", "3", "2001", ""),
    ("u", "i", "rate", "NA", "2001", ""),
    ("u", "i", "rate", "5.25", "0x64", ""),
    ("\u3000", "i", "rate", "", "", "10:00"),
    ("short",),
]


@pytest.mark.parametrize("section", [EVENTS, RATINGS])
@settings(max_examples=2, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(rows, min_size=40, max_size=120))
def test_check_counts_rows_as_they_are_refined(
    warehouse: Warehouse, tmp_path: Path, section: str, drawn: list[Row]
) -> None:
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    manifest = folder / "shop.toml"
    manifest.write_text(BASE + section)
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, GOOD, *ODD, *drawn])

    refined = Warehouse(warehouse.spark, f"{folder}/lake", run_key=RunKey("d", "1", "refine"))
    land.run(refined, datasets.load(manifest), folder)
    refine.run(refined, datasets.load(manifest), now=NOW)

    assert counts_of_check(manifest, folder) == counts_of_refine(refined)
    for event in Lake(refined.root).rows(SILVER_EVENTS):
        assert event["user_id"] == event["user_id"].strip()
        assert event["item_id"] == event["item_id"].strip()


def counts_of_check(manifest: Path, folder: Path) -> dict[str, int]:
    """Return the counts in the sentence of `check`."""
    notes = [x.text for x in check.grade(manifest, folder) if x.text.startswith("files: ")]
    [text] = notes
    numbers = re.search(r"; (\d+) pass .*, (\d+) go to .*, (\d+) are left out", text)
    assert numbers is not None, text
    named = dict(re.findall(r"(\w+_\w+) (\d+)", text))
    names = ("passed", "quarantined", "dropped")
    counted = dict(zip(names, numbers.groups(), strict=True)) | named
    return {name: int(n) for name, n in counted.items()}


def counts_of_refine(refined: Warehouse) -> dict[str, int]:
    """Return the counts that `refine` recorded."""
    lake = Lake(refined.root)
    [counted] = lake.rows(SILVER_REFINEMENTS)
    failed = Counter(name for row in lake.rows(SILVER_QUARANTINE) for name in row["failed_checks"])
    return {
        "passed": counted["n_accepted"] + counted["n_duplicates"],
        "quarantined": counted["n_quarantined"],
        "dropped": counted["n_dropped"],
        **failed,
    }
