"""Files that are read in the same way and differ in the numbers of their names: one for each day.

Only the first file of a group is sampled.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobs.ingestion.proposals.files import headers, layouts
from jobs.ingestion.proposals.guesses import Fields
from jobs.ingestion.reading import FileReader, open_file
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

_MOSTLY: Final = 0.5  # share of the fields of objects that are in all files of a group
_JSON: Final = ("jsonl", "json")


@dataclass
class Group:
    """Files of one kind. `path` and `name` are those of the first; `columns` are those it has.

    `problem` says why it cannot be sampled; "" if it can.
    """

    path: Path
    name: str
    fields: Fields
    columns: tuple[str, ...] = ()
    problem: str = ""
    others: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name, or a pattern that matches the names of all files."""
        if not self.others:
            return self.name
        last = Path(self.name).name
        prefix, suffix = re.match(r"(\D*)", last), re.search(r"(\D*)$", last)
        name = f"{prefix[1] if prefix else ''}*{suffix[1] if suffix else ''}"
        return Path(self.name).with_name(name).as_posix()

    @property
    def has_header(self) -> bool:
        """Whether the columns have names in the file."""
        return "fields" not in self.fields or any(map(headers.is_name, self.columns))


def of(paths: Sequence[Path], root: Path) -> list[Group]:
    """Return the groups in the order of their first files. Names are relative to `root`."""
    groups: list[Group] = []
    by_pattern: dict[str, list[Group]] = defaultdict(list)
    for path in paths:
        name = path.relative_to(root).as_posix()
        similar = by_pattern[(path.parent / re.sub(r"\d+", "*", path.name)).as_posix()]
        group = next((group for group in similar if _is_like(path, name, group)), None)
        if group is not None:
            group.others.append(name)
            continue
        groups.append(_described(path, name))
        similar.append(groups[-1])
    return groups


def opened(path: Path, name: str, fields: Fields) -> FileReader:
    """Return the reader of a file of this layout.

    Raises:
        UnreadableFileError: the file cannot be read with this layout.
    """
    values = {field: guess.value for field, guess in fields.items()}
    return open_file(path, Files.model_validate({"file": name, **values}), name=name)


def usable(columns: Sequence[str]) -> list[str]:
    """Return the columns with a name that no other has."""
    counts = Counter(columns)
    return [column for column in columns if column and counts[column] == 1]


def _described(path: Path, name: str) -> Group:
    try:
        fields = layouts.layout(path)
        reader = opened(path, name, fields)
        has_rows = _first_row_is_split(reader) is not None
    except UnreadableFileError as error:
        reason = str(error).removeprefix(f"{name}: ").removeprefix(f"{path.name}: ")
        return Group(path, name, {}, problem=reason)
    problem = "" if has_rows else "it has a header and no rows"
    if not has_rows and not any(reader.columns):
        problem = "it is empty: it has no line"
    return Group(path, name, fields, reader.columns, problem)


def _is_like(path: Path, name: str, group: Group) -> bool:
    """Return whether the file can be read as those of the group, with the same columns."""
    if group.problem:
        return False
    try:
        reader = opened(path, name, group.fields)
        return _same_columns(reader, group) and _first_row_is_split(reader) is True
    except UnreadableFileError:
        return False


def _same_columns(reader: FileReader, group: Group) -> bool:
    if "format" not in group.fields or group.fields["format"].value not in _JSON:
        return reader.columns == group.columns
    columns, of_group = {*reader.columns}, {*group.columns}
    return len(columns & of_group) >= _MOSTLY * len(columns | of_group)


def _first_row_is_split(reader: FileReader) -> bool | None:
    """Return whether the first row has the file's columns; None if there is no row."""
    batch = next((x for x in reader.batches((), limit=1) if x.num_rows), None)
    return None if batch is None else batch.column(1)[0].as_py() is None
