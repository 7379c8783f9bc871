"""Grade a manifest against its files before anything is written. No Spark, no network.

Run: python -m jobs.ingestion.check datasets/movielens_1m.toml --inbox var/inbox/movielens_1m
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa

from jobs.ingestion import file_headers, sources
from jobs.ingestion.file_headers import Head
from jobs.ingestion.sources import Target
from jobs.runtime.errors import JobError
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.errors import ManifestError
from warehouse.sources import Items, Ratings

Level = Literal["error", "warning", "note"]
About = Literal["manifest", "source", "items", "users", "ratings"]

SAMPLE_ROWS = 10_000
_HAIR = 1e-9
_MANY_CATEGORIES = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. An `error` keeps the data set from being landed or refined."""

    level: Level
    about: About
    text: str


def grade(path: Path, inbox: Path) -> list[Finding]:
    """Return what is found of the manifest at `path`, worst first.

    `inbox` is the data set's own folder of files handed over. Nothing is downloaded: files of an
    archive that nobody handed over, or of an object store, are not looked at, and a note says so.
    """
    try:
        dataset = datasets.load(path)
    except ManifestError as error:
        return [Finding("error", "manifest", str(error))]
    found = [Finding("note", "manifest", f"{dataset.title}: every field is valid")]
    found += _source(dataset, inbox)
    order: tuple[Level, ...] = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.level))


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is found; return 1 if any of it is an error."""
    parser = argparse.ArgumentParser(prog="python -m jobs.ingestion.check", description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--inbox", type=Path, required=True, help="the data set's own folder")
    args = parser.parse_args(argv)
    found = grade(args.manifest, args.inbox)
    for finding in found:
        sys.stdout.write(f"{finding.level:<8} {finding.about:<9} {finding.text}\n")
    return int(any(finding.level == "error" for finding in found))


def _source(dataset: Dataset, inbox: Path) -> list[Finding]:
    source = dataset.source
    if source.kind == "folder" and "://" in str(source.url):
        return [Finding("note", "source", f"{source.url} is not looked at: it takes Spark")]
    if source.kind == "archive" and sources.handed_over(dataset, inbox) is None:
        if source.url is None:
            return [Finding("error", "source", f"no archive in {inbox}, and no `url` to fetch it")]
        return [
            Finding(
                "note",
                "source",
                f"its files are not looked at: {source.url} is fetched "
                f"by `land`; put the archive into {inbox} to check it",
            )
        ]
    with tempfile.TemporaryDirectory() as staging:
        try:
            with sources.delivered(dataset, inbox, staging) as files:
                heads_by_target = _heads(dataset, files)
        except (JobError, pa.ArrowInvalid) as error:
            return [Finding("error", "source", str(error))]
    return [
        finding
        for target, part in sources.parts(dataset).items()
        for finding in _target(dataset, target, heads_by_target.get(target, {}), part.file)
    ]


def _heads(dataset: Dataset, files: Iterable[sources.SentFile]) -> dict[Target, dict[str, Head]]:
    found: dict[Target, dict[str, Head]] = {}
    for file in files:
        part = sources.parts(dataset)[file.target]
        head = file_headers.of(Path(file.path), part, limit=SAMPLE_ROWS)
        found.setdefault(file.target, {})[file.name] = head
    return found


def _target(
    dataset: Dataset, target: Target, found: dict[str, Head], pattern: str
) -> list[Finding]:
    if not found:
        return [Finding("warning", target, f"no file fits {pattern}")]
    part = sources.parts(dataset)[target]
    findings = []
    for name, head in found.items():
        wrong = file_headers.differences(part, head, dataset)
        if head.is_empty:
            wrong = ["holds no row"]
        findings += [Finding("error", target, f"{name}: {text}") for text in wrong]
        ignored = file_headers.unnamed(part, head)
        if ignored:
            text = f"{name}: columns not in the manifest, ignored: {', '.join(ignored)}"
            findings.append(Finding("warning", target, text))
    if any(finding.level == "error" for finding in findings):
        return findings
    rows = [row for head in found.values() for row in head.rows]
    n_malformed = sum(head.n_malformed for head in found.values())
    summary = f"{len(found)} files, {len(rows) + n_malformed} rows sampled"
    findings.append(Finding("note", target, summary))
    findings += _share(
        dataset, target, "cannot be split into fields", n_malformed, len(rows) + n_malformed
    )
    if isinstance(part, Ratings):
        findings += _ratings(dataset, part, rows)
    if isinstance(part, Items):
        findings += _items(dataset, part, rows)
    return findings


def _ratings(dataset: Dataset, part: Ratings, rows: list[file_headers.Row]) -> list[Finding]:
    scale = dataset.scale
    values = [file_headers.number(row.get(part.value)) for row in rows]
    steps = [(v - scale.lowest) / scale.step for v in values if v is not None]
    off = sum(
        not -_HAIR <= step <= (scale.highest - scale.lowest) / scale.step + _HAIR
        or abs(step - round(step)) > _HAIR
        for step in steps
        if math.isfinite(step)
    )
    said = f"{scale.lowest:g} to {scale.highest:g} in steps of {scale.step:g}"
    n_lost = sum(value is None or not math.isfinite(value) for value in values)
    found = _share(dataset, "ratings", "hold no number", n_lost, len(rows))
    found += _share(dataset, "ratings", f"are off the scale ({said})", off, len(rows))
    found += _missing(dataset, "ratings", part.user, rows)
    found += _missing(dataset, "ratings", part.item, rows)
    liked = sum(value is not None and value >= scale.relevant_from for value in values)
    if rows and liked in (0, len(rows)):
        text = (
            f"{liked} of {len(rows)} sampled ratings reach `relevant_from` {scale.relevant_from:g}"
        )
        found.append(Finding("warning", "ratings", text))
    return found + _times(dataset, part, rows)


def _times(dataset: Dataset, part: Ratings, rows: list[file_headers.Row]) -> list[Finding]:
    if part.time is None:
        return [Finding("note", "ratings", "without times: the order of the file stands for them")]
    times = [file_headers.instant(row.get(part.time), part.time_format) for row in rows]
    found = _share(dataset, "ratings", "hold no readable time", times.count(None), len(rows))
    known = [time for time in times if time is not None]
    latest = datetime.now(UTC) + timedelta(hours=dataset.floors.future_tolerance_hours)
    future = sum(time > latest for time in known)
    found += _share(dataset, "ratings", "lie in the future", future, len(rows))
    if known:
        span = f"times from {min(known):%Y-%m-%d} to {max(known):%Y-%m-%d} UTC"
        found.append(Finding("note", "ratings", span))
        if max(known).year < 1980:  # noqa: PLR2004 # long before anybody sent ratings
            text = f"{span}: is `time_format` really {part.time_format!r}?"
            found.append(Finding("warning", "ratings", text))
    return found


def _items(dataset: Dataset, part: Items, rows: list[file_headers.Row]) -> list[Finding]:
    found = _missing(dataset, "items", part.item, rows) + _missing(
        dataset, "items", part.title, rows
    )
    if part.categories is not None:
        sent = [row.get(part.categories) or "" for row in rows]
        names = {one for text in sent for one in text.split(part.categories_separator)}
        found.append(Finding("note", "items", f"{len(names)} categories sampled"))
        if len(names) > _MANY_CATEGORIES:
            text = f"{len(names)} categories: is {part.categories_separator!r} their separator?"
            found.append(Finding("warning", "items", text))
    return found


def _missing(
    dataset: Dataset, target: About, column: str, rows: list[file_headers.Row]
) -> list[Finding]:
    blank = sum(not (row.get(column) or "").strip() for row in rows)
    return _share(dataset, target, f"have no `{column}`", blank, len(rows))


def _share(dataset: Dataset, target: About, what: str, n_bad: int, n_rows: int) -> list[Finding]:
    """Return a finding if there are any: an error above the share that `refine` bears."""
    if not n_bad:
        return []
    share = n_bad / n_rows
    level: Level = "error" if share > dataset.floors.max_quarantine_share else "warning"
    return [Finding(level, target, f"{share:.1%} of the sampled rows {what}")]


if __name__ == "__main__":
    sys.exit(main())
