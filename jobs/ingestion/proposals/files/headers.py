"""Decide whether the first line of a csv file has the names of the columns."""

import re
from collections.abc import Sequence

from jobs.ingestion.proposals import names

_NUMBER = re.compile(r"^\s*[+-]?(\d+([.,:/-]\d+)*|\.\d+)\s*$")
_NAME = re.compile(r"^[\w .$#()/\[\]-]{1,60}$")
_KNOWN_SHARE = 0.5


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names the columns of the others."""
    if not rows or not rows[0]:
        return True
    first, others = [cell.strip() for cell in rows[0]], rows[1:200]
    named = [cell for cell in first if cell]
    if any(_NUMBER.match(cell) for cell in named) or len(set(named)) < len(named):
        return False
    known = sum(bool(names.roles(cell)) or names.plain(cell) == "id" for cell in named)
    if named and known >= _KNOWN_SHARE * len(named) and all(map(_NAME.match, named)):
        return True
    for position, cell in enumerate(first):
        below = [row[position].strip() for row in others if position < len(row)]
        filled = [text for text in below if text]
        if cell and filled and sum(bool(_NUMBER.match(text)) for text in filled) > len(filled) / 2:
            return True
    repeated = [
        cell
        for position, cell in enumerate(first)
        if any(position < len(row) and row[position].strip() == cell for row in others)
    ]
    return not repeated and all(map(_NAME.match, named)) and not _has_blanks(named)


def _has_blanks(cells: Sequence[str]) -> bool:
    """Return whether most cells are several words, as titles and sentences are."""
    return sum(" " in cell for cell in cells) > len(cells) / 2
