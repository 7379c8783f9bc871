"""The shelves of a placement for one user, without an item on two of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection

from serving.filters.filtering import Filter
from serving.items import ListedItem
from serving.lists.releases.cache import ReleaseCache
from serving.placements import compiling, store, visit
from serving.placements.compiling import CompiledShelf
from serving.placements.sources import SOURCES, Found, Query
from serving.placements.visit import Visit
from serving.schemas import ListKind, PlacementPreview, PlacementTrial, ShelfSource
from serving.users.shown_lists import new_list_id


@dataclass(frozen=True, slots=True)
class Shelf:
    """The fields of `schemas.FilledShelf`, without its validation."""

    list_id: str
    title: str
    source: ShelfSource
    kind: ListKind | None
    category: str | None
    items: tuple[ListedItem, ...]


@dataclass(frozen=True, slots=True)
class PlacementAnswer:
    """The fields of `schemas.Placement`, without its validation."""

    placement: str
    version: int
    user_id: str | None
    release_id: int
    recipe: str
    live_since: datetime
    n_new_ratings: int
    rules_version: int
    shelves: tuple[Shelf, ...]


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """The parameters of a request for a placement. `filter` holds for all its shelves."""

    user_id: str | None = None
    item_ids: tuple[str, ...] = ()
    filter: str | None = None
    explain: bool = False


@dataclass(frozen=True, slots=True)
class _Filled:
    """One shelf with what was found for it; `left_out` says why it is not shown."""

    compiled: CompiledShelf
    title: str
    found: Found
    left_out: str | None


OF_GIVEN_ITEMS: tuple[ShelfSource, ...] = ("similar", "together")
OF_A_HISTORY: tuple[ShelfSource, ...] = ("popular_in_favourite_category", "again")
_ENCODER = TypeAdapter(PlacementAnswer)


def to_json(answer: PlacementAnswer) -> bytes:
    """Return an answer as JSON, in less time than the API's schema takes."""
    return _ENCODER.dump_json(answer)


def answer(
    connection: Connection, cache: ReleaseCache, name: str, request: PlacementRequest
) -> PlacementAnswer:
    """Return the shelves of a placement; those with too few items are left out.

    Raises:
        NoReleaseError: the data set has no release yet.
        UnknownPlacementError: there is no such placement.
        RequestRefusedError: the request's filter is not valid: see `filtering.bind`.
    """
    of_visit = visit.read(
        connection, cache, request.user_id, item_ids=request.item_ids, explain=request.explain
    )
    version, compiled = _active(of_visit, name)
    if request.filter is not None:
        of_visit.bind(request.filter)  # an error names the request's own filter
    return PlacementAnswer(
        placement=name,
        version=version,
        user_id=request.user_id,
        release_id=of_visit.release.release_id,
        recipe=of_visit.live.recipe,
        live_since=of_visit.live.live_since,
        n_new_ratings=of_visit.state.n_new_ratings,
        rules_version=of_visit.slate.version,
        shelves=tuple(
            Shelf(
                new_list_id(),
                filled.title,
                filled.compiled.shelf.source,
                filled.found.kind,
                filled.found.category,
                filled.found.items,
            )
            for filled in _filled(of_visit, compiled, request.filter)
            if filled.left_out is None
        ),
    )


def preview(connection: Connection, cache: ReleaseCache, trial: PlacementTrial) -> PlacementPreview:
    """Return all shelves as they would be for a user, also those that would be left out.

    Raises:
        NoReleaseError: the data set has no release yet.
        RequestRefusedError: a filter is not valid: see `store.check`.
    """
    store.check(connection, trial.shelves)
    of_visit = visit.read(connection, cache, trial.user_id, item_ids=trial.item_ids, explain=True)
    compiled = compiling.compiled(connection, trial.shelves)
    shelves = [
        {
            "title": filled.title,
            "source": filled.compiled.shelf.source,
            "kind": filled.found.kind,
            "category": filled.found.category,
            "left_out": filled.left_out,
            "items": filled.found.items,
        }
        for filled in _filled(of_visit, compiled, None)
    ]
    of_all = {"release_id": of_visit.release.release_id, "rules_version": of_visit.slate.version}
    return PlacementPreview.model_validate(
        {"user_id": trial.user_id, **of_all, "shelves": shelves}, from_attributes=True
    )


def _active(of_visit: Visit, name: str) -> tuple[int, list[CompiledShelf]]:
    """Return the active version of a placement, read once for a revision of `slate`."""
    memory, key = of_visit.release.memory, ("placement", name)
    if key not in memory:
        version = store.active(of_visit.connection, name)
        shelves = compiling.compiled(of_visit.connection, version.shelves)
        memory[key] = (version.version, shelves)
    version_number, compiled = memory[key]
    return version_number, compiled


def _filled(
    of_visit: Visit, shelves: Sequence[CompiledShelf], sent: str | None
) -> Iterator[_Filled]:
    """Yield the shelves top to bottom. What is shown on one is not on a later one."""
    taken, n_of_source = {*of_visit.item_ids}, Counter[ShelfSource]()
    for compiled in shelves:
        source = compiled.shelf.source
        query = Query(compiled, _filter(of_visit, compiled, sent), taken, n_of_source[source])
        n_of_source[source] += 1
        found = Found(()) if compiled.problem else SOURCES[source](of_visit, query)
        left_out = _obstacle(of_visit, compiled, found)
        if left_out is None:
            taken.update([item.item_id for item in found.items])
        yield _Filled(compiled, _title(of_visit, compiled, found), found, left_out)


def _filter(of_visit: Visit, compiled: CompiledShelf, sent: str | None) -> Filter | None:
    """Return the filter of a shelf and of the request together."""
    of_shelf = compiled.filtered_by
    if sent is None and (of_shelf is None or of_shelf.unavailable is None):
        return of_shelf
    texts = [text for text in (compiled.shelf.filter, sent) if text is not None]
    if compiled.problem or not texts:
        return None
    return of_visit.bind(*texts)  # `available` may have changed since


def _title(of_visit: Visit, compiled: CompiledShelf, found: Found) -> str:
    title = compiled.shelf.title
    if found.category is not None:
        title = title.replace("{category}", found.category)
    if of_visit.given:
        title = title.replace("{item}", of_visit.given[0].title)
    return title


def _obstacle(of_visit: Visit, compiled: CompiledShelf, found: Found) -> str | None:
    """Return why a shelf is left out, and what fills it; None if it is shown."""
    if compiled.problem:
        return f"Its filter is not valid any more. {compiled.problem}"
    n_items, minimum = len(found.items), compiled.shelf.minimum
    if n_items >= minimum:
        return None
    count, source = f"It has {n_items} items and needs at least {minimum}", compiled.shelf.source
    if source in OF_GIVEN_ITEMS and not of_visit.given:
        return f"{count}: give the id of an item of the page or the basket that the catalogue has."
    if source in OF_A_HISTORY and of_visit.user_id is None:
        return f"{count}: give the id of a user with a history."
    return f"{count}."
