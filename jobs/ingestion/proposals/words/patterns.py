"""One section for several files of the same kind: a name with `*`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Literal

from jobs.ingestion.proposals.files.tables import SampledTable
from jobs.ingestion.proposals.guesses import Fields

SectionName = Literal["ratings", "events", "items", "categories", "users"]
Sections = Sequence[tuple[SectionName, SampledTable, Fields]]


def merged(sections: Sections) -> list[tuple[SectionName, SampledTable, Fields]]:
    """Return the sections; those that differ only in their files become one with a pattern.

    Files whose common pattern would match another file stay apart.
    """
    groups: dict[str, list[tuple[SectionName, SampledTable, Fields]]] = defaultdict(list)
    for name, table, fields in sections:
        columns = [column.name for column in table.profiles]
        values = {field: guess.value for field, guess in fields.items()}
        groups[f"{name} {columns} {values}"].append((name, table, fields))
    together = []
    for group in groups.values():
        files = [table.file for _, table, _ in group]
        others = {table.file for _, table, _ in sections} - set(files)
        pattern = _pattern(files)
        if len(files) > 1 and not any(fnmatchcase(other, pattern) for other in others):
            name, table, fields = group[0]
            together.append((name, replace(table, file=pattern), fields))
        else:
            together += group
    return together


def _pattern(files: Sequence[str]) -> str:
    prefix = _common_start(files)
    suffix = _common_start([file[len(prefix) :][::-1] for file in files])[::-1]
    return f"{prefix}*{suffix}"


def _common_start(texts: Sequence[str]) -> str:
    letters = takewhile(lambda column: len({*column}) == 1, zip(*texts, strict=False))
    return "".join(column[0] for column in letters)
