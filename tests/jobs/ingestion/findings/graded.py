"""Invented files, and what `check` says about them."""

from pathlib import Path

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


ITEMS = EVENTS + 'kind = "view"\n[items]\nfile = "items.csv"\ncategories = "tags"\n'
