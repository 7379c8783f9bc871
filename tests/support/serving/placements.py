"""Placements of tests: they are set as operators set them, and read without HTTP."""

from typing import Any

from sqlalchemy import Connection, Engine

from serving.lists.releases.cache import ReleaseCache
from serving.placements import answers, store
from serving.placements.answers import PlacementAnswer, PlacementRequest
from serving.schemas import NewPlacement, PlacementShelf, PlacementVersion


def shelf(source: str, title: str = "A shelf", **fields: Any) -> PlacementShelf:
    """Return a shelf of up to 12 items."""
    return PlacementShelf.model_validate({"title": title, "source": source, **fields})


def put(api: Engine, name: str, *shelves: PlacementShelf, instead_of: int = 0) -> PlacementVersion:
    """Replace a placement as an operator does."""
    new = NewPlacement(shelves=shelves, instead_of=instead_of, reason="A test.")
    with api.begin() as connection:
        return store.replace(connection, name, new, actor="ada")


def shown(
    connection: Connection, name: str, user_id: str | None = None, *item_ids: str, **more: Any
) -> PlacementAnswer:
    """Return a placement as a new process of the API answers it."""
    request = PlacementRequest(user_id, item_ids, **more)
    return answers.answer(connection, ReleaseCache(), name, request)


def ids(answer: PlacementAnswer) -> list[list[str]]:
    """Return the ids of the items of each shelf."""
    return [[item.item_id for item in shelf.items] for shelf in answer.shelves]
