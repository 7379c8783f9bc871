"""Decide whether the first line of a csv file has the names of the columns."""

import re
from collections.abc import Sequence

from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names

_NUMBER = re.compile(r"^\s*[+-]?(\d+([.,:/-]\d+)*|\.\d+)\s*$")
_NAME = re.compile(r"^[\w .$#()/\[\]-]{1,60}$")
_KNOWN_SHARE = 0.5
_UNNAMED = "column_"


def unnamed(number: int) -> str:
    """Return the name of a column without one; the first is number 1."""
    return f"{_UNNAMED}{number}"


def is_name(column: str) -> bool:
    """Return whether the column has its name from the file."""
    return not column.startswith(_UNNAMED)


def renamed(header: Sequence[str], n_lines: int) -> Fields:
    """Return the fields that give each column of a header a name of its own.

    The reader finds a column by its name, so it cannot use two columns of one name. Nothing is
    renamed if that name has no known role and other columns are left. `n_lines` is the number of
    lines to skip: the header and the lines before it.
    """
    columns = [cell.strip() for cell in header]
    twice = [name for name in dict.fromkeys(columns) if name and columns.count(name) > 1]
    n_others = sum(columns.count(name) == 1 for name in columns if name)
    if not twice or (n_others > 1 and not any(names.roles(name) for name in twice)):
        return {}
    listed = " and ".join(f"`{name}`" for name in twice)
    reason = f"the header has {listed} twice, so it is skipped and `fields` has the names"
    return {
        "skip_lines": Guess(n_lines, reason),
        "header": Guess(value=False),
        "fields": Guess(
            _distinct(columns), "or rename the columns in the file, and use its header"
        ),
    }


def _distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns, the second one of a name as `name_2`."""
    distinct: list[str] = []
    for number, column in enumerate(columns, 1):
        name, n_others = column or unnamed(number), 1
        while name in distinct or (n_others > 1 and name in columns):
            n_others += 1
            name = f"{column}_{n_others}"
        distinct.append(name)
    return tuple(distinct)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names the columns of the others."""
    if not rows or not rows[0]:
        return True
    first, others = [cell.strip() for cell in rows[0]], rows[1:200]
    named = [cell for cell in first if cell]
    if any(_NUMBER.match(cell) for cell in named):
        return False
    n_known = sum(bool(names.roles(cell)) or names.plain(cell) == "id" for cell in named)
    if named and n_known >= _KNOWN_SHARE * len(named) and all(map(_NAME.match, named)):
        return True
    for position, cell in enumerate(first):
        below = [row[position].strip() for row in others if position < len(row)]
        filled = [text for text in below if text]
        if cell and filled and sum(bool(_NUMBER.match(text)) for text in filled) > len(filled) / 2:
            return True
    if len(set(named)) < len(named):
        return False
    repeated = [
        cell
        for position, cell in enumerate(first)
        if any(position < len(row) and row[position].strip() == cell for row in others)
    ]
    return not repeated and all(map(_NAME.match, named)) and not _has_blanks(named)


def _has_blanks(cells: Sequence[str]) -> bool:
    """Return whether most cells are several words, as titles and sentences are."""
    return sum(" " in cell for cell in cells) > len(cells) / 2
