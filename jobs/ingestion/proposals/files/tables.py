"""The files to describe, each with its layout, its columns and a sample of their values."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.proposals.files import layouts
from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.reading import open_file
from warehouse.manifests.sources import Files

SAMPLE_ROWS = 50_000
_LEFT_OUT = re.compile(
    r"(^readme|^source\.txt$|^licen[cs]e|\.(md|toml|pdf|html?|py|ipynb|docx?|png|jpe?g|crc)$|^[._])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SampledTable:
    """A file, or several of the same columns whose names differ in numbers only.

    `file` is the name or pattern; `fields` say how it is read; `profiles` has its columns in order;
    `malformed_share` is the share of rows that cannot be split into fields.
    """

    path: Path
    file: str
    fields: Fields
    profiles: tuple[Profile, ...]
    malformed_share: float = 0

    @property
    def has_header(self) -> bool:
        """Whether the columns have names in the file."""
        return "header" not in self.fields

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
    """Return the files and those in the folders, without notes on the data such as README."""
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file()
    ]
    named = set(paths)
    return [path for path in files if path in named or not _LEFT_OUT.search(path.name)]


def sampled(paths: Sequence[Path], root: Path) -> list[SampledTable]:
    """Return the tables of the files, whose names are relative to the folder `root`.

    Raises:
        UnreadableFileError: a file is of no format that can be read.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[SampledTable]] = defaultdict(list)
    for path in paths:
        table = _sampled(path, path.relative_to(root).as_posix())
        pattern = re.sub(r"\d+", "*", path.name)
        columns = tuple(profile.name for profile in table.profiles)
        groups[(path.parent / pattern).as_posix(), columns].append(table)
    return [_together(tables) for tables in groups.values()]


def _together(tables: Sequence[SampledTable]) -> SampledTable:
    first = tables[0]
    if len(tables) == 1:
        return first
    prefix = re.match(r"(\D*)", Path(first.file).name)
    suffix = re.search(r"(\D*)$", Path(first.file).name)
    name = f"{prefix[1] if prefix else ''}*{suffix[1] if suffix else ''}"
    return replace(first, file=Path(first.file).with_name(name).as_posix())


def _sampled(path: Path, name: str) -> SampledTable:
    sample = _read(path, name, layouts.layout(path))
    if sample.n_malformed and "format" not in sample.fields:
        others = [_read(path, name, fields) for fields in _other_quoting(sample.fields)]
        sample = min([sample, *others], key=lambda other: other.n_malformed)
    rows = sample.rows
    profiles = [Profile(column, rows[column].combine_chunks()) for column in rows.column_names]
    if "header" not in sample.fields:
        profiles = [profile for profile in profiles if len(profile.filled)]
    share = sample.n_malformed / max(sample.n_malformed + rows.num_rows, 1)
    return SampledTable(path, name, sample.fields, tuple(profiles), share)


@dataclass(frozen=True, slots=True)
class _Sample:
    fields: Fields
    rows: pa.Table
    n_malformed: int


def _read(path: Path, name: str, fields: Fields) -> _Sample:
    known = {field: guess.value for field, guess in fields.items()}
    reader = open_file(path, Files.model_validate({"file": name, **known}), name=name)
    columns = [column for column in reader.columns if column and reader.columns.count(column) == 1]
    batches = list(reader.batches(columns, limit=SAMPLE_ROWS))
    if not batches:
        return _Sample(fields, pa.table({}), 0)
    rows = pa.Table.from_batches(batches)
    well_formed = rows.filter(pc.is_null(rows["raw"]))
    return _Sample(fields, well_formed.select(columns), rows.num_rows - well_formed.num_rows)


def _other_quoting(fields: Fields) -> list[Fields]:
    """Return the layout without quotes, and with quotes that a backslash escapes."""
    without = {**fields, "quote": Guess("", "quotes are part of the text")}
    without.pop("escape", None)
    escaped = {**fields, "escape": Guess("\\", "backslashes stand before quotes")}
    escaped.pop("quote", None)
    return [without, escaped]
