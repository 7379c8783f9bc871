"""What the demo's pages may ask for. Pages call these and nothing below them.

Each answer is remembered, so that a page still shows something while the API is away, and says of
when it is.
"""

import json
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import httpx2
import streamlit as st
from pydantic import ValidationError

from dashboards.answer_cache import AnswerCache, CachedAnswer
from dashboards.settings import DemoSettings
from serving.client import Client
from serving.errors import ApiError, ApiUnavailableError, UnknownItemError
from serving.schemas import (
    About,
    Explanation,
    Item,
    ItemPage,
    RatingsPage,
    Recommendations,
    Shelf,
    SimilarItems,
    User,
)

T = TypeVar("T")
TIMEOUT_SECONDS = 3
RATINGS_PER_REQUEST, MAX_RATINGS_OFFSET = (
    1000,
    100_000,
)  # ratings, the most that one answer has and leaves out


class NotSetUpError(Exception):
    """The app has no address or no key: the platform's set-up did not come so far."""


def datasets() -> tuple[str, ...]:
    """Return the data sets that the app has a key for, the default one first.

    Raises:
        NotSetUpError: there is no address, no file of keys, or no key in it.
    """
    names = sorted(_keys())
    default = _settings().dataset
    return tuple(sorted(names, key=lambda name: name != default))


def titles() -> dict[str, str]:
    """Return each data set's title by its name; the name itself while the API can't tell."""
    try:
        return {name: title(name) for name in datasets()}
    except NotSetUpError:
        return {}


def title(dataset: str) -> str:
    """Return the data set's title; its name before a first release, or while the API is away."""
    try:
        return about(dataset).value.title
    except ApiError:
        return dataset


@st.cache_data(ttl="60s", show_spinner=False)
def about(dataset: str) -> CachedAnswer[About]:
    """Return the data set's words, scale, categories and licence."""
    return fetch(("about", dataset), lambda: client(dataset).about())


@st.cache_data(ttl="60s", show_spinner=False)
def users(dataset: str) -> CachedAnswer[list[User]]:
    """Return some people whom the live release knows."""
    return fetch(("users", dataset), lambda: client(dataset).users(limit=50))


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def recommendations(dataset: str, user_id: str, limit: int) -> CachedAnswer[Recommendations]:
    """Return the person's list, at most five seconds old."""
    return fetch(
        ("recommendations", dataset, user_id, limit),
        lambda: client(dataset).recommendations(user_id, limit=limit, explain=True),
    )


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def ratings(dataset: str, user_id: str) -> CachedAnswer[RatingsPage]:
    """Return all that a person rated, newest first, at most five seconds old."""
    return fetch(("ratings", dataset, user_id), lambda: _all_ratings(client(dataset), user_id))


def _all_ratings(api: Client, user_id: str) -> RatingsPage:
    found = api.ratings(user_id, limit=RATINGS_PER_REQUEST)
    items = {item.item_id: item for item in found.items}
    for offset in range(
        RATINGS_PER_REQUEST, min(found.total, MAX_RATINGS_OFFSET + 1), RATINGS_PER_REQUEST
    ):
        more = api.ratings(user_id, limit=RATINGS_PER_REQUEST, offset=offset).items
        items |= {item.item_id: item for item in more}  # what he rates meanwhile moves the rest on
    return found.model_copy(update={"items": tuple(items.values())})


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def explanation(dataset: str, user_id: str, item_id: str) -> CachedAnswer[Explanation]:
    """Return why an item is on a person's list, or why not, at most five seconds old."""
    return fetch(
        ("explanation", dataset, user_id, item_id),
        lambda: client(dataset).explanation(user_id, item_id),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=200)
def popular(dataset: str, category: str | None, limit: int) -> CachedAnswer[Shelf]:
    """Return what most people like; of one category, its best-sellers."""
    return fetch(
        ("popular", dataset, category, limit),
        lambda: client(dataset).popular(category=category, limit=limit),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=50)
def trending(dataset: str, limit: int) -> CachedAnswer[Shelf]:
    """Return what people like lately."""
    return fetch(("trending", dataset, limit), lambda: client(dataset).trending(limit=limit))


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def vendor_items(dataset: str, vendor: str, limit: int) -> CachedAnswer[Shelf]:
    """Return a vendor's items, the most popular first."""
    return fetch(
        ("vendor", dataset, vendor, limit),
        lambda: client(dataset).of_vendor(vendor, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def popular_in_years(dataset: str, first: int, last: int, limit: int) -> CachedAnswer[Shelf]:
    """Return the most popular of what was released in these years, both included."""
    return fetch(
        ("years", dataset, first, last, limit),
        lambda: client(dataset).popular(released_from=first, released_to=last, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def item(dataset: str, item_id: str) -> CachedAnswer[Item] | None:
    """Return one item; nothing where the catalogue does not have it."""
    try:
        return fetch(("item", dataset, item_id), lambda: client(dataset).item(item_id))
    except UnknownItemError:
        return None


@st.cache_data(ttl="30s", show_spinner=False, max_entries=500)
def items(
    dataset: str, q: str, category: str | None, limit: int, offset: int
) -> CachedAnswer[ItemPage]:
    """Return one page of the catalogue. `q` are beginnings of words of titles."""
    return fetch(
        ("items", dataset, q, category, limit, offset),
        lambda: client(dataset).items(q=q, category=category, limit=limit, offset=offset),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def similar(dataset: str, item_id: str, limit: int) -> CachedAnswer[SimilarItems] | None:
    """Return the items most like one item; nothing where the catalogue does not have it."""
    try:
        return fetch(
            ("similar", dataset, item_id, limit),
            lambda: client(dataset).similar(item_id, limit=limit),
        )
    except UnknownItemError:
        return None


def clear_answers() -> None:
    """Ask the API again on the next call, whatever the time."""
    clear_user_answers()
    for each in (
        about,
        users,
        item,
        items,
        similar,
        popular,
        trending,
        vendor_items,
        popular_in_years,
    ):
        each.clear()


def clear_user_answers() -> None:
    """Ask the API again for whatever follows from feedback: somebody just gave some."""
    for each in (recommendations, ratings, explanation):
        each.clear()


def fetch(question: Hashable, answer_it: Callable[[], T]) -> CachedAnswer[T]:
    """Return the answer; while the API is away, the last one to the same question.

    Raises:
        ApiUnavailableError: the API is away and has not answered this question before.
        ApiError: as of `serving.client`.
    """
    try:
        answer = CachedAnswer(answer_it(), datetime.now(UTC))
    except ApiUnavailableError:
        remembered: CachedAnswer[T] | None = _cache().get(question)
        if remembered is None:
            raise
        return replace(remembered, stale=True)
    _cache().put(question, answer)
    return answer


@st.cache_resource
def _cache() -> AnswerCache:
    return AnswerCache()


@st.cache_resource(ttl="60s")
def client(dataset: str) -> Client:
    """Return the client of a data set, with the app's key for it.

    Raises:
        NotSetUpError: there is no key for it.
    """
    key = _keys().get(dataset)
    if key is None:
        raise NotSetUpError(f"{_settings().keys_file} has no key for {dataset}")
    return new_client(key, dataset)


def new_client(key: str, dataset: str, *, timeout: float = TIMEOUT_SECONDS) -> Client:
    """Return a new client of a data set that carries this key, or an operator's token."""
    header = {"Authorization": f"Bearer {key}"}
    http = httpx2.Client(base_url=_settings().api_url, headers=header, timeout=timeout)
    return Client(http, dataset)


def _keys() -> dict[str, str]:
    file = _settings().keys_file
    try:
        keys = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise NotSetUpError(f"{file}: no keys can be read there") from error
    if not isinstance(keys, dict) or not keys:
        raise NotSetUpError(f"{file}: there is no key in it")
    return {str(name): str(key) for name, key in keys.items()}


def _settings() -> DemoSettings:
    try:
        return DemoSettings()
    except ValidationError as error:
        raise NotSetUpError("DEMO_API_URL and DEMO_KEYS_FILE are not both set") from error
