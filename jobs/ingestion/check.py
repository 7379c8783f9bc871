"""Grade a manifest against its files before anything is written. No Spark, no network.

Run: python -m jobs.ingestion.check datasets/movielens_1m.toml --inbox var/inbox/movielens_1m
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from jobs.ingestion import file_headers, sources
from jobs.ingestion.file_headers import FileHeader, Row
from jobs.ingestion.sources import Target
from jobs.runtime.errors import JobError
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.errors import ManifestError
from warehouse.sources import Files, Items, Ratings

Level = Literal["error", "warning", "note"]
About = Literal["manifest", "source", "items", "categories", "users", "ratings", "events"]

SAMPLE_ROWS = 10_000
_EPSILON = 1e-9
_MANY_CATEGORIES = 200
_FIRST_YEAR = 1980  # earlier times are probably in another unit


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check. With an `error` the data set cannot be landed or refined."""

    level: Level
    about: About
    text: str


def grade(path: Path, inbox: Path) -> list[Finding]:
    """Return the findings on the manifest at `path`, worst first.

    `inbox` is the data set's folder of files handed over. Nothing is downloaded: files of an
    archive that is missing, or of an object store, are not checked, and a note says so.
    """
    try:
        dataset = datasets.load(path)
    except ManifestError as error:
        return [Finding("error", "manifest", str(error))]
    note = Finding("note", "manifest", f"{dataset.title}: every field is valid")
    order: tuple[Level, ...] = ("error", "warning", "note")
    findings = [note, *_of_source(dataset, inbox)]
    return sorted(findings, key=lambda finding: order.index(finding.level))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the findings; return 1 if one of them is an error."""
    parser = argparse.ArgumentParser(prog="python -m jobs.ingestion.check", description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--inbox", type=Path, required=True, help="the data set's own folder")
    args = parser.parse_args(argv)
    findings = grade(args.manifest, args.inbox)
    for finding in findings:
        sys.stdout.write(f"{finding.level:<8} {finding.about:<9} {finding.text}\n")
    return int(any(finding.level == "error" for finding in findings))


def _of_source(dataset: Dataset, inbox: Path) -> list[Finding]:
    source = dataset.source
    if source.kind == "folder" and "://" in str(source.url):
        text = f"files at {source.url} were not checked: reading them takes Spark"
        return [Finding("note", "source", text)]
    if source.kind == "archive" and sources.handed_over(dataset, inbox) is None:
        if source.url is None:
            return [Finding("error", "source", f"no archive in {inbox}, and no `url` to download")]
        text = f"files were not checked: put the archive of {source.url} into {inbox} to check them"
        return [Finding("note", "source", text)]
    headers: dict[str, dict[str, FileHeader]] = {}
    try:
        with (
            tempfile.TemporaryDirectory() as staging,
            sources.delivered(dataset, inbox, staging) as files,
        ):
            for file in files:
                of_section = headers.setdefault(f"{file.target} {file.section_name}", {})
                of_section[file.name] = file_headers.read(
                    Path(file.path), file.section, name=file.name, limit=SAMPLE_ROWS
                )
    except JobError as error:
        return [Finding("error", "source", str(error))]
    return [
        finding
        for target, name, section in sources.named_sections(dataset)
        for finding in _of_target(dataset, target, section, headers.get(f"{target} {name}", {}))
    ]


def _of_target(
    dataset: Dataset, target: Target, section: Files, headers: Mapping[str, FileHeader]
) -> list[Finding]:
    if not headers:
        return [Finding("warning", target, f"no file matches {section.file}")]
    findings = []
    for name, header in headers.items():
        reasons = file_headers.mismatches(section, header, dataset)
        reasons = ["has no row"] if header.is_empty else reasons
        findings += [Finding("error", target, f"{name}: {text}") for text in reasons]
        if ignored := file_headers.ignored_columns(section, header):
            text = f"{name}: columns not in the manifest, ignored: {', '.join(ignored)}"
            findings.append(Finding("warning", target, text))
    if any(finding.level == "error" for finding in findings):
        return findings
    rows = [row for header in headers.values() for row in header.rows]
    n_malformed = sum(header.n_malformed for header in headers.values())
    n_rows = len(rows) + n_malformed
    findings.append(Finding("note", target, f"files: {len(headers)}, sampled rows: {n_rows}"))
    findings += _share(dataset, target, "cannot be split into fields", n_malformed, n_rows)
    if isinstance(section, Ratings):
        findings += _of_ratings(dataset, section, rows)
    if isinstance(section, Items):
        findings += _of_items(dataset, section, rows)
    return findings


def _of_ratings(dataset: Dataset, section: Ratings, rows: list[Row]) -> list[Finding]:
    scale = dataset.scale
    values = [file_headers.number(row.get(section.value)) for row in rows]
    steps = [(value - scale.lowest) / scale.step for value in values if value is not None]
    n_off_scale = sum(
        not -_EPSILON <= step <= (scale.highest - scale.lowest) / scale.step + _EPSILON
        or abs(step - round(step)) > _EPSILON
        for step in steps
        if math.isfinite(step)
    )
    valid = f"{scale.lowest:g} to {scale.highest:g} in steps of {scale.step:g}"
    n_no_number = sum(value is None or not math.isfinite(value) for value in values)
    findings = _share(dataset, "ratings", "have no number as rating", n_no_number, len(rows))
    findings += _share(dataset, "ratings", f"are off the scale ({valid})", n_off_scale, len(rows))
    findings += _missing(dataset, "ratings", section.user, rows)
    findings += _missing(dataset, "ratings", section.item, rows)
    n_relevant = sum(value is not None and value >= scale.relevant_from for value in values)
    if rows and n_relevant in (0, len(rows)):
        text = f"{n_relevant} of {len(rows)} sampled ratings reach `relevant_from`"
        findings.append(Finding("warning", "ratings", f"{text} {scale.relevant_from:g}"))
    return findings + _of_times(dataset, section, rows)


def _of_times(dataset: Dataset, section: Ratings, rows: list[Row]) -> list[Finding]:
    if not isinstance(section.time, str):
        return [Finding("note", "ratings", "no times: rows are ordered as in the file")]
    times = [file_headers.time(row.get(section.time), section.time_format) for row in rows]
    findings = _share(dataset, "ratings", "have no readable time", times.count(None), len(rows))
    readable = [time for time in times if time is not None]
    latest = datetime.now(UTC) + timedelta(hours=dataset.floors.future_tolerance_hours)
    n_future = sum(time > latest for time in readable)
    findings += _share(dataset, "ratings", "are in the future", n_future, len(rows))
    if readable:
        span = f"times from {min(readable):%Y-%m-%d} to {max(readable):%Y-%m-%d} UTC"
        findings.append(Finding("note", "ratings", span))
        if max(readable).year < _FIRST_YEAR:
            text = f"{span}: is `time_format` really {section.time_format!r}?"
            findings.append(Finding("warning", "ratings", text))
    return findings


def _of_items(dataset: Dataset, section: Items, rows: list[Row]) -> list[Finding]:
    findings = _missing(dataset, "items", section.item, rows)
    findings += _missing(dataset, "items", section.title, rows)
    if section.categories is not None:
        texts = [row.get(section.categories) or "" for row in rows]
        names = {name for text in texts for name in text.split(section.categories_separator)}
        findings.append(Finding("note", "items", f"categories in the sample: {len(names)}"))
        if len(names) > _MANY_CATEGORIES:
            text = f"{len(names)} categories: is {section.categories_separator!r} their separator?"
            findings.append(Finding("warning", "items", text))
    return findings


def _missing(dataset: Dataset, target: About, column: str, rows: list[Row]) -> list[Finding]:
    n_blank = sum(not (row.get(column) or "").strip() for row in rows)
    return _share(dataset, target, f"have no `{column}`", n_blank, len(rows))


def _share(dataset: Dataset, target: About, problem: str, n_bad: int, n_rows: int) -> list[Finding]:
    """Return a finding if there are bad rows: an error above the share that `refine` accepts."""
    if not n_bad:
        return []
    share = n_bad / n_rows
    level: Level = "error" if share > dataset.floors.max_quarantine_share else "warning"
    return [Finding(level, target, f"{share:.1%} of the sampled rows {problem}")]


if __name__ == "__main__":
    sys.exit(main())
