"""Files that are read in the same way and differ in the numbers of their names: one for each day.

Only the first file of a group is sampled. A single file with a date in its name is the first of a
group: the file of the next day or month has another date.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobs.ingestion.delivery.names import is_pattern, matches
from jobs.ingestion.proposals.files import headers, layouts
from jobs.ingestion.proposals.guesses import Fields
from jobs.ingestion.reading import FileReader, open_file
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

_MOSTLY: Final = 0.5  # share of the fields of objects that are in all files of a group
_JSON: Final = ("jsonl", "json")
_MONTH: Final = (  # or a quarter, or a week
    r"(0[1-9]|1[0-2]|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}|q[1-4]|w\d\d)"
)
_DAY: Final = r"(0[1-9]|[12]\d|3[01])(T?[-_.]?\d{2,6})?"  # with or without a time
_DATE: Final = re.compile(  # such as 2026, 2026-01, Jan-2026, 20260131, 31.01.2026, 2026_01_31T1200
    rf"(?<!\d)((?<![a-z])(\d\d[-_.])?{_MONTH}[-_.])?(19|20)\d\d"
    rf"([-_.]?{_MONTH}([-_.]?{_DAY})?)?(?![\da-z])",
    re.IGNORECASE,
)


@dataclass
class Group:
    """Files of one kind. `path` and `name` are those of the first; `columns` are those it has.

    `problem` says why it cannot be sampled; "" if it can. `is_dated`: there is one file, and a
    pattern in place of the date in its name matches no file of another group.
    """

    path: Path
    name: str
    fields: Fields
    columns: tuple[str, ...] = ()
    problem: str = ""
    others: list[str] = field(default_factory=list)
    is_dated: bool = False

    @property
    def file(self) -> str:
        """The name, or a pattern that matches the names of all files, also of later dates."""
        if not self.others:
            return _without_date(self.name) if self.is_dated else self.name
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
    for group in groups:
        group.is_dated = not group.problem and _is_dated(group.name, groups)
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


def _is_dated(name: str, groups: Sequence[Group]) -> bool:
    pattern = _without_date(name)
    names = [other for group in groups for other in (group.name, *group.others)]
    return is_pattern(pattern) and [x for x in names if matches(pattern, x)] == [name]


def _without_date(name: str) -> str:
    folder, separator, last = name.rpartition("/")
    return f"{folder}{separator}{_DATE.sub('*', last, count=1)}"


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
