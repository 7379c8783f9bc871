"""Grade a manifest against its files before anything is written. No Spark, no network.

The functions that read the files and check their rows are those of `land` and `refine`. So for the
sampled rows `refine` counts as many that pass, are quarantined and are dropped.

Run: python -m jobs.ingestion.check datasets/movielens_1m.toml --inbox var/inbox/movielens_1m
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from jobs.ingestion import samples, sources
from jobs.ingestion.checks import row_checks, sent_rows
from jobs.ingestion.columns import required_columns
from jobs.ingestion.findings import of_catalogue, of_conditions, of_counts, of_events, of_matches
from jobs.ingestion.findings.finding import FILE, Finding, Level, Rows
from jobs.ingestion.listing import listed
from jobs.ingestion.reading import memory
from jobs.ingestion.samples import Sample
from jobs.ingestion.sources import SentFile, Target
from jobs.runtime.errors import JobError
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.errors import ManifestError
from warehouse.manifests.sources import Events, Files, Items, Ratings, Users

SAMPLE_ROWS = 100_000
SAMPLE_BYTES = 1 << 26  # of all files together, but some of each
_FEWEST_BYTES = 1 << 18  # of a file
_LEVELS: tuple[Level, ...] = ("error", "warning", "note")

Samples = dict[SentFile, Sample]


def grade(path: Path, inbox: Path) -> list[Finding]:
    """Return the findings on the manifest at `path`, worst first.

    `inbox` is the folder into which an operator puts the data set's files. Nothing is downloaded:
    if the archive is missing, or the files are in an object store, a note says that they were not
    checked.
    """
    try:
        dataset = datasets.load(path)
    except ManifestError as error:
        return [Finding("error", "manifest", str(error))]
    note = Finding("note", "manifest", f"{dataset.title}: every field is valid")
    return worst_first([note, *_of_source(dataset, inbox)])


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings by level, those of one level in their order."""
    return sorted(findings, key=lambda finding: _LEVELS.index(finding.level))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the findings; return 1 if one of them is an error."""
    parser = argparse.ArgumentParser(prog="python -m jobs.ingestion.check", description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--inbox", type=Path, required=True, help="the data set's own folder")
    args = parser.parse_args(argv)
    findings = in_memory(lambda: grade(args.manifest, args.inbox))
    for finding in findings:
        sys.stdout.write(f"{finding.line}\n")
    return int(any(finding.level == "error" for finding in findings))


def in_memory(graded: Callable[[], list[Finding]]) -> list[Finding]:
    """Return the findings that `graded` returns; an error if it needs too much memory."""
    try:
        with memory.bounded():
            return graded()
    except MemoryError:
        return [Finding("error", "source", memory.TOO_LARGE)]


def _of_source(dataset: Dataset, inbox: Path) -> list[Finding]:
    source = dataset.source
    if source.kind == "folder" and "://" in str(source.url):
        text = f"files at {source.url} were not checked: `land` will, as reading them takes Spark"
        return [Finding("note", "source", text)]
    if source.kind == "kafka":
        text = f"messages of {source.servers} were not checked: `listen` reads them"
        return [Finding("note", "source", text)]
    if source.kind == "archive" and sources.handed_over(dataset, inbox) is None:
        if source.url is None:
            text = f"no archive in {inbox}: put it there, or write its `url` in `[source]`"
            return [Finding("error", "source", text)]
        text = f"files were not checked: put the archive of {source.url} into {inbox} to check them"
        return [Finding("note", "source", text)]
    try:
        with (
            tempfile.TemporaryDirectory() as staging,
            sources.delivered(dataset, inbox, staging) as files,
        ):
            return of_files(dataset, files) + _of_others(dataset, inbox)
    except JobError as error:
        return [Finding("error", "source", str(error))]


def _of_others(dataset: Dataset, inbox: Path) -> list[Finding]:
    text = sources.unmatched(dataset, inbox)
    step = "Correct `file`, as in `orders-*.csv`, or move them out of the folder"
    return [Finding("warning", "source", f"{text}. {step}")] if text else []


def of_files(
    dataset: Dataset, files: Sequence[SentFile], *, is_complete: bool = True
) -> list[Finding]:
    """Return the findings on the files.

    `is_complete`: they are all files of the data set, so none may be missing, and their ids are
    compared.
    """
    findings, read = _read(files)
    rows: dict[tuple[Target, str | None], Rows] = {}
    for target, name, section in sources.named_sections(dataset):
        of_section = {
            file: sample
            for file, sample in read.items()
            if (file.target, file.section_name) == (target, name)
        }
        is_missing = all((file.target, file.section_name) != (target, name) for file in files)
        if is_missing and is_complete:
            text = f"no file matches {section.file}: correct `file`, or put the file there"
            findings.append(Finding("warning", target, text))
        reasons = _of_columns(dataset, target, of_section, files)
        findings += reasons
        if of_section and not any(finding.level == "error" for finding in reasons):
            sent = _together(dataset, target, section, of_section)
            n_malformed = sum(sample.n_malformed for sample in of_section.values())
            notes = [note for sample in of_section.values() for note in sample.notes]
            rows[target, name], of_condition = of_conditions.kept(sent, section)
            findings += of_counts.findings(sent, len(of_section), n_malformed, notes)
            findings += of_condition + _of_rows(rows[target, name], section)
    cut = {file.target for file, sample in read.items() if not sample.is_whole}
    return findings + (_of_ids(dataset, rows, cut) if is_complete else [])


def _read(files: Sequence[SentFile]) -> tuple[list[Finding], Samples]:
    """Return the samples of the files, and the errors of those that cannot be read."""
    findings: list[Finding] = []
    read: Samples = {}
    max_bytes = max(SAMPLE_BYTES // max(len(files), 1), _FEWEST_BYTES)
    for file in files:
        try:
            read[file] = samples.read(
                Path(file.path),
                file.section,
                name=file.name,
                limit=SAMPLE_ROWS,
                max_bytes=max_bytes,
            )
        except JobError as error:
            findings.append(Finding("error", file.target, str(error)))
    return findings, read


def _of_columns(
    dataset: Dataset, target: Target, read: Mapping[SentFile, Sample], files: Sequence[SentFile]
) -> list[Finding]:
    """Return why files cannot be landed, and which columns no section of the manifest names."""
    findings = []
    for file, sample in read.items():
        first = samples.read(Path(file.path), file.section, name=file.name)  # as `land` does
        reasons = samples.mismatches(file.section, first, dataset)
        reasons = ["has no row. Send it again, or remove it"] if sample.is_empty else reasons
        findings += [Finding("error", target, f"{file.name}: {text}") for text in reasons]
        sections = [other.section for other in files if other.name == file.name]
        unnamed = [{*samples.ignored_columns(section, sample)} for section in sections]
        if ignored := [name for name in sample.columns if all(name in x for x in unnamed)]:
            names = listed(ignored)
            text = f"{file.name}: columns not in the manifest, ignored: {names}"
            findings.append(Finding("warning", target, text))
    return findings


def _together(
    dataset: Dataset, target: Target, section: Files, read: Mapping[SentFile, Sample]
) -> Rows:
    """Return the rows of all files of the section, with what the checks say of them."""
    tables = [
        sample.rows.append_column(FILE, pa.array([file.name] * sample.rows.num_rows, pa.string()))
        for file, sample in read.items()
    ]
    table = pa.concat_tables(tables)
    columns = {name: table[name].combine_chunks() for name in required_columns(section)}
    sent = sent_rows.of_file(section, columns, table.num_rows)
    checked = row_checks.checked(sent, dataset, section, datetime.now(UTC))
    return Rows(dataset, target, table, checked)


def _of_rows(rows: Rows, section: Files) -> list[Finding]:
    if not rows.table.num_rows:
        return []
    if isinstance(section, Ratings | Events):
        return of_events.findings(rows, section)
    return of_catalogue.findings(rows, section)


def _of_ids(
    dataset: Dataset, rows: Mapping[tuple[Target, str | None], Rows], cut: set[Target]
) -> list[Finding]:
    """Compare the ids of events with those of items and users, if the samples have all of them.

    `cut` are the targets with files of which rows are not in the sample.
    """
    events = [
        (of_section, section)
        for target, name, section in sources.named_sections(dataset)
        if isinstance(section, Ratings | Events) and (of_section := rows.get((target, name)))
    ]
    items, users = rows.get(("items", None)), rows.get(("users", None))
    findings: list[Finding] = []
    if isinstance(dataset.items, Items) and items is not None and "items" not in cut:
        used = [of_section.texts(section.item) for of_section, section in events]
        listed = [items.texts(dataset.items.item)]
        findings += of_matches.unknown(used, listed, of="items", noun="item")
    if isinstance(dataset.users, Users) and users is not None and "users" not in cut:
        used = [of_section.texts(section.user) for of_section, section in events]
        listed = [users.texts(dataset.users.user)]
        findings += of_matches.unknown(used, listed, of="users", noun="user")
    if not cut & {"ratings", "events"}:
        ids = {x.file: [of.texts(x.user), of.texts(x.item)] for of, x in events}
        findings += of_matches.separate(ids)
    if dataset.items is None:
        text = "the manifest has no `[items]`: pages show ids instead of titles"
        findings.append(Finding("note", "items", text))
    return findings


if __name__ == "__main__":
    sys.exit(main())
