"""The draft of a placement: the values of the editor's widgets, in the session state.

A draft starts from the active version and keeps its number, so that no operator replaces a version
that they have not seen.
"""

from collections.abc import Sequence
from itertools import count

import streamlit as st
from pydantic import ValidationError

from serving.schemas import PlacementPreview, PlacementShelf, PlacementVersion

FIELDS = ("title", "source", "filter", "limit", "minimum")
NEW_SHELF = PlacementShelf(title="New shelf", source="for_you")
_ROWS, _SUBJECT, _VERSION = "placement_rows", "placement_subject", "placement_version"
_TRIED = "placement_tried"
_numbers = count()  # rows keep their widgets when they move

Subject = tuple[str, str]  # data set and name of the placement
Shelves = tuple[PlacementShelf, ...]


def key(field: str, row: int) -> str:
    """Return the key of the widget for a field of a shelf."""
    return f"shelf_{field}_{row}"


def start(dataset: str, active: PlacementVersion) -> None:
    """Start a draft from the active version, unless this placement has a draft already."""
    if st.session_state.get(_SUBJECT) != (dataset, active.name):
        restart(active)
        st.session_state[_SUBJECT] = (dataset, active.name)


def restart(active: PlacementVersion) -> None:
    """Replace the draft with the active version."""
    fill(active.shelves)
    rebase(active.version)


def rebase(version: int) -> None:
    """Record that the operator has seen this version."""
    st.session_state[_VERSION] = version


def discard() -> None:
    """Let the next run of the page start a new draft."""
    st.session_state.pop(_SUBJECT, None)


def version() -> int:
    """Return the active version that the operator has seen."""
    return int(st.session_state[_VERSION])


def rows() -> list[int]:
    """Return the numbers of the shelves, top to bottom."""
    return list(st.session_state[_ROWS])


def fill(shelves: Sequence[PlacementShelf]) -> None:
    """Replace the draft with these shelves. Call it in a callback, or before the widgets."""
    st.session_state[_ROWS] = []
    for shelf in shelves:
        add(shelf)
    st.session_state.pop(_TRIED, None)


def add(shelf: PlacementShelf = NEW_SHELF) -> None:
    """Add a shelf at the bottom."""
    row = next(_numbers)
    for field in FIELDS:
        value = getattr(shelf, field)
        st.session_state[key(field, row)] = "" if value is None else value
    st.session_state[_ROWS] = [*st.session_state[_ROWS], row]


def remove(row: int) -> None:
    """Remove a shelf."""
    st.session_state[_ROWS] = [other for other in rows() if other != row]


def move_up(row: int) -> None:
    """Exchange a shelf with the one above it."""
    order = rows()
    at = order.index(row)
    order[at - 1], order[at] = order[at], order[at - 1]
    st.session_state[_ROWS] = order


def move_down(row: int) -> None:
    """Exchange a shelf with the one below it."""
    order = rows()
    move_up(order[order.index(row) + 1])


def shelves() -> Shelves:
    """Return the draft.

    Raises:
        ValidationError: a shelf has no title, or its fields do not fit.
    """
    return tuple(_shelf(row) for row in rows())


def problem() -> str | None:
    """Return why the draft is not valid; None if it is."""
    for number, row in enumerate(rows(), 1):
        try:
            _shelf(row)
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0]).capitalize() if first["loc"] else "Fields"
            message = first["msg"].removeprefix("Value error, ")
            return f"Shelf {number}: {field}: {message}."
    return None if rows() else "Add a shelf."


def keep_tried(shelves: Shelves, preview: PlacementPreview) -> None:
    """Keep the last preview."""
    st.session_state[_TRIED] = (shelves, preview)


def tried(shelves: Shelves) -> PlacementPreview | None:
    """Return the last preview if it was of exactly these shelves."""
    kept = st.session_state.get(_TRIED)
    return kept[1] if kept is not None and kept[0] == shelves else None


def _shelf(row: int) -> PlacementShelf:
    values = {field: st.session_state.get(key(field, row)) for field in FIELDS}
    values["title"] = (values["title"] or "").strip()
    values["filter"] = (values["filter"] or "").strip() or None
    return PlacementShelf.model_validate(values)
