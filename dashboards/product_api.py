"""Fetches from the product's API what pages show. Pages use no other way to the API.

The latest answers are kept for hours: a page shows them while the API is not responding.
"""

import json
from collections.abc import Sequence
from contextlib import suppress

import httpx2
import streamlit as st

from dashboards import fetching
from dashboards.answers import CachedAnswer
from dashboards.fetching import cached, fetch
from dashboards.settings import NotSetUpError, demo_settings
from dashboards.text import capitalised
from edge import own_programs
from serving.client import Client
from serving.errors import ApiError, NoReleaseError, UnknownItemError
from serving.schemas import (
    About,
    Explanation,
    ItemDetails,
    ItemOrder,
    ItemPage,
    KindEvents,
    Placement,
    RatingsPage,
    Shelf,
    SimilarItems,
    User,
)

TIMEOUT_SECONDS = 3
ITEMS_PER_REQUEST = 50  # by id, which are part of the address
EVENTS_PER_REQUEST = 1000  # the API's limit
RATINGS_PER_REQUEST, MAX_RATINGS_OFFSET = 1000, 100_000  # the API's limits


def datasets() -> tuple[str, ...]:
    """Return the data sets with a key, the default one first.

    Raises:
        NotSetUpError: as of `client`.
    """
    default = demo_settings().dataset
    return tuple(sorted(_keys(), key=lambda name: (name != default, name)))


def titles() -> dict[str, str]:
    """Return titles by name of data set; none before the app is set up.

    The API knows no title of a data set without a release.
    """
    try:
        return {
            name: title(name) if _is_released(name) else f"{_readable(name)} (no release yet)"
            for name in datasets()
        }
    except NotSetUpError:
        return {}


def _readable(name: str) -> str:
    return capitalised(name.replace("_", " "))


def released_titles() -> dict[str, str]:
    """Return titles of the data sets with a release; of all if none has one."""
    try:
        released = {name: title(name) for name in datasets() if _is_released(name)}
    except NotSetUpError:
        return {}
    return released or titles()


def title(dataset: str) -> str:
    """Return the data set's title, or its name if the API has no answer."""
    try:
        return about(dataset).value.title
    except ApiError:
        return dataset


def _is_released(dataset: str) -> bool:
    """Return whether the data set has a release, as far as the API answers."""
    try:
        about(dataset)
    except NoReleaseError:
        return False
    except ApiError:
        return True
    return True


@cached("60s")
def about(dataset: str) -> About:
    """Return the data set's title, item noun, rating scale, categories and licence."""
    return client(dataset).about()


@cached("60s")
def users(dataset: str) -> list[User]:
    """Return 50 users of the live release."""
    return client(dataset).users(limit=50)


@cached("5s", max_entries=500)
def ratings(dataset: str, user_id: str) -> RatingsPage:
    """Return all ratings of a user, newest first, at most 5 s old."""
    api = client(dataset)
    first = api.ratings(user_id, limit=RATINGS_PER_REQUEST)
    items = {item.item_id: item for item in first.items}
    end = min(first.total, MAX_RATINGS_OFFSET + 1)
    for offset in range(RATINGS_PER_REQUEST, end, RATINGS_PER_REQUEST):
        page = api.ratings(user_id, limit=RATINGS_PER_REQUEST, offset=offset)
        # A rating between two requests shifts the pages, so an item may be on both.
        items |= {item.item_id: item for item in page.items}
    return first.model_copy(update={"items": tuple(items.values())})


def rating(dataset: str, user_id: str, item_id: str) -> float | None:
    """Return the user's rating of an item; None if they have not rated it."""
    items = ratings(dataset, user_id).value.items
    return next((item.rating for item in items if item.item_id == item_id), None)


@cached("5s", max_entries=500)
def explanation(dataset: str, user_id: str, item_id: str) -> Explanation:
    """Return why an item is or is not on a user's list, at most 5 s old."""
    return client(dataset).explanation(user_id, item_id)


@cached("30s", max_entries=200)
def popular(dataset: str, category: str | None, limit: int) -> Shelf:
    """Return the most popular items, of one category or of all."""
    return client(dataset).popular(category=category, limit=limit)


@cached("60s", max_entries=200)
def vendor_items(dataset: str, vendor: str, limit: int) -> Shelf:
    """Return a vendor's items, most popular first."""
    return client(dataset).of_vendor(vendor, limit=limit)


@cached("60s", max_entries=200)
def popular_in_years(dataset: str, first: int, last: int, limit: int) -> Shelf:
    """Return the most popular items released from `first` to `last`, both included."""
    return client(dataset).popular(released_from=first, released_to=last, limit=limit)


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def item(dataset: str, item_id: str) -> CachedAnswer[ItemDetails] | None:
    """Return one item; None if it is not in the catalogue."""
    with suppress(UnknownItemError):
        return fetch(("item", dataset, item_id), lambda: client(dataset).item(item_id))
    return None


def details(dataset: str, item_ids: Sequence[str]) -> list[ItemDetails]:
    """Return the items with these ids that are in the catalogue, at most 30 s old."""
    ids = [*item_ids]
    starts = range(0, len(ids), ITEMS_PER_REQUEST)
    pages = (_details(dataset, tuple(ids[i : i + ITEMS_PER_REQUEST])) for i in starts)
    return [item for page in pages for item in page.value.items]


@cached("30s", max_entries=500)
def _details(dataset: str, item_ids: tuple[str, ...]) -> ItemPage:
    return client(dataset).items(item_ids=item_ids, limit=len(item_ids))


@cached("30s", max_entries=500)
def items(
    dataset: str,
    q: str,
    category: str | None,
    limit: int,
    offset: int,
    *,
    years: tuple[int, int] | None = None,
    sort: ItemOrder = "relevance",
    where: str | None = None,
) -> ItemPage:
    """Return one page of the catalogue. `q`: beginnings of words of the title, or a year.

    `where`: a filter, see docs/api.md.
    """
    first, last = years or (None, None)
    return client(dataset).items(
        q=q,
        category=category,
        released_from=first,
        released_to=last,
        sort=sort,
        where=where,
        limit=limit,
        offset=offset,
    )


@cached("10m", max_entries=50)
def released_years(dataset: str) -> list[int]:
    """Return the first and the last year of release in the catalogue; empty if none is known."""
    api = client(dataset)
    ends = [api.items(sort=sort, limit=1).items for sort in ("oldest", "newest")]
    return [item.released for items in ends for item in items if item.released is not None]


@cached("5s", max_entries=500)
def events(dataset: str, user_id: str, kinds: tuple[str, ...]) -> KindEvents:
    """Return the user's newest events of these kinds, at most 5 s old."""
    return client(dataset).events(user_id, kind=kinds, limit=EVENTS_PER_REQUEST)


@cached("5s", max_entries=500)
def placement(
    dataset: str, name: str, user_id: str, item_ids: tuple[str, ...], *, where: str | None = None
) -> Placement:
    """Return the shelves of a placement for a user and given items, at most 5 s old."""
    return client(dataset).placement(
        name, user_id=user_id, item_ids=item_ids, where=where, explain=True
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def similar(dataset: str, item_id: str, limit: int) -> CachedAnswer[SimilarItems] | None:
    """Return the items most similar to one; None if it is not in the catalogue."""
    question = ("similar", dataset, item_id, limit)
    with suppress(UnknownItemError):
        return fetch(question, lambda: client(dataset).similar(item_id, limit=limit))
    return None


def clear_user_answers() -> None:
    """Let the next call of each function that depends on feedback ask the API again."""
    for question in (ratings, explanation, events, placement):
        question.clear()


def forget_user(dataset: str, user_id: str) -> None:
    """Drop all answers about a user, also those for when the API is unavailable."""
    clear_user_answers()
    users.clear()
    fetching.MEMORY.drop_user(dataset, user_id)
    fetching.MEMORY.drop(("users", dataset))


@st.cache_resource(ttl="60s")
def client(dataset: str) -> Client:
    """Return the client of a data set, with the app's key.

    Raises:
        NotSetUpError: the API's address, the file of keys or the key is missing.
    """
    key = _keys().get(dataset)
    if key is None:
        raise NotSetUpError(f"{demo_settings().keys_file} has no key for {dataset}")
    return Client(connection(key), dataset)


def connection(key: str, *, timeout: float = TIMEOUT_SECONDS) -> httpx2.Client:
    """Return a new HTTP client of the API. `key`: an API key or an operator's token."""
    headers = {"Authorization": f"Bearer {key}"}
    return own_programs.client(demo_settings().api_url, headers=headers, timeout=timeout)


def _keys() -> dict[str, str]:
    file = demo_settings().keys_file
    try:
        keys = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise NotSetUpError(f"{file} can't be read as a file of keys") from error
    if not isinstance(keys, dict) or not keys:
        raise NotSetUpError(f"{file} has no keys")
    return {str(name): str(key) for name, key in keys.items()}
