"""Tables as analysts name them: `silver.items`, `"silver.items"`, `"silver.items@12"`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from warehouse.errors import QueryRefusedError
from warehouse.tables import BY_NAME, TABLES, Table

_FORM = re.compile(r"(?P<name>\w+\.\w+)(?:@(?P<version>\d{1,15}))?")
_SIMILAR = 0.8  # smallest similarity of a suggested name; 1 is the same text
_MAX_NEAREST = 3


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table in a query; without a version the newest one is read."""

    table: Table
    version: int | None = None

    @property
    def text(self) -> str:
        """The name within quotes: `silver.items` or `silver.items@12`."""
        name = self.table.full_name
        return name if self.version is None else f"{name}@{self.version}"


def find(path: Sequence[str]) -> NamedTable | None:
    """Return the table with this name, whose parts are between dots; None if there is none."""
    match = _FORM.fullmatch(".".join(path).lower())
    if match is None or match["name"] not in BY_NAME:
        return None
    version = match["version"]
    return NamedTable(BY_NAME[match["name"]], None if version is None else int(version))


def unknown(path: Sequence[str]) -> QueryRefusedError:
    """Return the error for a name that is no table's, with the nearest names."""
    name = ".".join(path)
    near = nearest(name)
    advice = f"Did you mean {' or '.join(near)}?" if near else "`show tables` lists the tables."
    return QueryRefusedError(f"there is no table {name!r} in the lake. {advice}")


def nearest(name: str) -> list[str]:
    """Return at most three names of tables that resemble this one, the most similar first."""
    searched_name = name.lower().partition("@")[0]
    same = [
        full_name
        for full_name in BY_NAME
        if full_name.split(".")[1] == searched_name.split(".")[-1]
    ]
    near = get_close_matches(searched_name, BY_NAME, _MAX_NEAREST, _SIMILAR)
    bare = {table.name: table.full_name for table in TABLES}
    near += [
        bare[match] for match in get_close_matches(searched_name.split(".")[-1], bare, 1, _SIMILAR)
    ]
    return list(dict.fromkeys([*same, *near]))[:_MAX_NEAREST]
