"""The files to describe, each with its layout, its columns and a sample of their values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.delivery.names import is_note, require_utf8
from jobs.ingestion.proposals.files import groups
from jobs.ingestion.proposals.files.groups import Group
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names
from jobs.runtime.errors import UnreadableFileError

SAMPLE_ROWS: Final = 50_000
_ALL_BYTES: Final = 192 << 20  # kept of all files together, but some of each
_FILE_BYTES: Final = 64 << 20  # kept of one file
_FEWEST_BYTES: Final = 1 << 20
_READ_BYTES: Final = 256 << 20  # of one file, whose long texts are cut before they are kept
_LONGEST: Final = 500  # characters of a text that is kept
_MAX_COLUMNS: Final = 200
_MAX_NAMES: Final = 20_000  # that are looked at
_MAX_CELLS: Final = 5_000_000
_MOSTLY: Final = 0.9


@dataclass(frozen=True)
class SampledTable:
    """A file, or several of the same columns whose names differ in numbers only.

    `file` is the name or pattern; `fields` say how it is read; `profiles` has its columns in order,
    none if the file has no rows or cannot be read, of which `problem` is the reason;
    `malformed_share` is the share of rows that cannot be split into fields; `has_header` says
    whether the columns have names in the file.
    """

    path: Path
    file: str
    fields: Fields
    profiles: tuple[Profile, ...] = ()
    malformed_share: float = 0
    has_header: bool = True
    problem: str = ""

    def column(self, name: str) -> Profile:
        """Return the column of this name."""
        return next(profile for profile in self.profiles if profile.name == name)

    def renamed(self, columns: Sequence[str]) -> "SampledTable":
        """Return the table with other names of its columns."""
        pairs = zip(columns, self.profiles, strict=True)
        fields = {**self.fields, "fields": Guess(tuple(columns), "by the values in the columns")}
        profiles = tuple(replace(profile, name=name) for name, profile in pairs)
        return replace(self, fields=fields, profiles=profiles)


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files and those in the folders, without notes on the data such as README.

    Raises:
        UnreadableFileError: a name is not UTF-8.
    """
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file()
    ]
    for file in files:
        require_utf8(str(file))
    named = set(paths)
    return [path for path in files if path in named or not is_note(path.name)]


def sampled(paths: Sequence[Path], root: Path) -> list[SampledTable]:
    """Return the tables of the files, whose names are relative to the folder `root`."""
    to_sample = groups.of(paths, root)
    max_bytes = max(_ALL_BYTES // max(len(to_sample), 1), _FEWEST_BYTES)
    return [_sampled(group, min(max_bytes, _FILE_BYTES)) for group in to_sample]


def _sampled(group: Group, max_bytes: int) -> SampledTable:
    table = SampledTable(group.path, group.file, group.fields, problem=group.problem)
    if group.problem:
        return table
    try:
        sample = _read(group, group.fields, max_bytes)
        if sample.n_malformed and "format" not in sample.fields:
            others = [_read(group, fields, max_bytes) for fields in _other_quoting(sample.fields)]
            sample = min([sample, *others], key=lambda other: other.n_malformed)
    except UnreadableFileError as error:
        return replace(table, problem=str(error).removeprefix(f"{group.name}: "))
    rows = sample.rows
    profiles = [Profile(column, rows[column].combine_chunks()) for column in rows.column_names]
    if group.has_header:
        profiles = [profile for profile in profiles if len(profile.filled)]
    profiles = _without_objects(profiles)
    if not profiles:
        return replace(table, problem="it has no rows")
    share = sample.n_malformed / max(sample.n_malformed + rows.num_rows, 1)
    return replace(
        table,
        fields=sample.fields,
        profiles=tuple(profiles),
        malformed_share=share,
        has_header=group.has_header,
    )


def _without_objects(profiles: Sequence[Profile]) -> list[Profile]:
    """Return the columns without those of objects whose fields are columns, such as `user.id`."""
    outer = {profile.name.rsplit(".", 1)[0] for profile in profiles if "." in profile.name}
    return [
        profile
        for profile in profiles
        if profile.name not in outer or profile.share_matching(r"^\{") <= _MOSTLY
    ]


@dataclass(frozen=True, slots=True)
class _Sample:
    fields: Fields
    rows: pa.Table
    n_malformed: int


def _read(group: Group, fields: Fields, max_bytes: int) -> _Sample:
    reader = groups.opened(group.path, group.name, fields)
    columns = _chosen(groups.usable(reader.columns))
    limit = min(SAMPLE_ROWS, max(_MAX_CELLS // max(len(columns), 1), 1))
    batches: list[pa.RecordBatch] = []
    n_rows, n_bytes = 0, 0
    for batch in reader.batches(columns, limit=limit, max_bytes=_READ_BYTES):
        well_formed = batch.filter(pc.is_null(batch.column(1))).columns[2:]
        texts = [pc.utf8_slice_codeunits(column, 0, _LONGEST) for column in well_formed]
        batches.append(pa.RecordBatch.from_arrays(texts, names=columns))
        n_rows += batch.num_rows
        n_bytes += batches[-1].nbytes
        if n_bytes >= max_bytes:
            break
    rows = pa.Table.from_batches(batches) if batches else pa.table({})
    return _Sample(fields, rows, n_rows - rows.num_rows)


def _chosen(columns: Sequence[str]) -> list[str]:
    """Return the columns; of very many, those with known names and the first others."""
    if len(columns) <= _MAX_COLUMNS:
        return list(columns)
    with_role = [column for column in columns[:_MAX_NAMES] if names.roles(column)][:_MAX_COLUMNS]
    chosen = {*with_role, *columns[: _MAX_COLUMNS - len(with_role)]}
    return [column for column in columns if column in chosen]


def _other_quoting(fields: Fields) -> list[Fields]:
    """Return the layout without quotes, and with quotes that a backslash escapes."""
    without = {**fields, "quote": Guess("", "quotes are part of the text")}
    without.pop("escape", None)
    escaped = {**fields, "escape": Guess("\\", "backslashes stand before quotes")}
    escaped.pop("quote", None)
    return [without, escaped]
