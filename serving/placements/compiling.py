"""Shelves of a placement with their filters bound to the data set."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from serving.errors import RequestRefusedError
from serving.filters import filtering
from serving.filters.filtering import Filter
from serving.items import ScoredItem
from serving.schemas import PlacementShelf

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledShelf:
    """A shelf and its filter; `problem` says why the filter is not valid.

    `newest` has the newest items that pass the filter, once a request has asked for them.
    """

    shelf: PlacementShelf
    filtered_by: Filter | None
    problem: str | None = None
    newest: list[Sequence[ScoredItem]] = field(default_factory=list)


def compiled(connection: Connection, shelves: Sequence[PlacementShelf]) -> list[CompiledShelf]:
    """Return shelves with their filters.

    A stored filter may name a category or an attribute that the data set no longer has. Then its
    shelf has a `problem`: it is left out, and the others are shown.
    """
    return [_compiled(connection, shelf) for shelf in shelves]


def _compiled(connection: Connection, shelf: PlacementShelf) -> CompiledShelf:
    if shelf.filter is None:
        return CompiledShelf(shelf, None)
    try:
        return CompiledShelf(shelf, filtering.bind(connection, shelf.filter))
    except RequestRefusedError as error:
        log.warning("left out shelf title=%r error=%s", shelf.title, error)
        return CompiledShelf(shelf, None, str(error))
