"""Fetches from the product's API what pages show. Pages use no other way to the API.

Each answer is kept, so that a page can show the latest one while the API is not responding.
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
RATINGS_PER_REQUEST, MAX_RATINGS_OFFSET = 1000, 100_000  # the API's limits


class NotSetUpError(Exception):
    """The app has no address of the API or no key for it."""


def datasets() -> tuple[str, ...]:
    """Return the data sets with a key, the default one first.

    Raises:
        NotSetUpError: as of `client`.
    """
    names = sorted(_keys())
    default = _settings().dataset
    return tuple(sorted(names, key=lambda name: name != default))


def titles() -> dict[str, str]:
    """Return titles by name of data set; none before the app is set up."""
    try:
        return {name: title(name) for name in datasets()}
    except NotSetUpError:
        return {}


def title(dataset: str) -> str:
    """Return the data set's title, or its name if the API has no answer."""
    try:
        return about(dataset).value.title
    except ApiError:
        return dataset


@st.cache_data(ttl="60s", show_spinner=False)
def about(dataset: str) -> CachedAnswer[About]:
    """Return the data set's title, item noun, rating scale, categories and licence."""
    return fetch(("about", dataset), lambda: client(dataset).about())


@st.cache_data(ttl="60s", show_spinner=False)
def users(dataset: str) -> CachedAnswer[list[User]]:
    """Return 50 users whom the live release knows."""
    return fetch(("users", dataset), lambda: client(dataset).users(limit=50))


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def recommendations(dataset: str, user_id: str, limit: int) -> CachedAnswer[Recommendations]:
    """Return the user's list, at most 5 s old."""
    return fetch(
        ("recommendations", dataset, user_id, limit),
        lambda: client(dataset).recommendations(user_id, limit=limit, explain=True),
    )


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def ratings(dataset: str, user_id: str) -> CachedAnswer[RatingsPage]:
    """Return all ratings of a user, newest first, at most 5 s old."""
    return fetch(("ratings", dataset, user_id), lambda: _all_ratings(client(dataset), user_id))


def _all_ratings(api: Client, user_id: str) -> RatingsPage:
    first = api.ratings(user_id, limit=RATINGS_PER_REQUEST)
    items = {item.item_id: item for item in first.items}
    for offset in range(
        RATINGS_PER_REQUEST, min(first.total, MAX_RATINGS_OFFSET + 1), RATINGS_PER_REQUEST
    ):
        more = api.ratings(user_id, limit=RATINGS_PER_REQUEST, offset=offset).items
        items |= {item.item_id: item for item in more}  # a rating meanwhile shifts the pages
    return first.model_copy(update={"items": tuple(items.values())})


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def explanation(dataset: str, user_id: str, item_id: str) -> CachedAnswer[Explanation]:
    """Return why an item is on a user's list or not, at most 5 s old."""
    return fetch(
        ("explanation", dataset, user_id, item_id),
        lambda: client(dataset).explanation(user_id, item_id),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=200)
def popular(dataset: str, category: str | None, limit: int) -> CachedAnswer[Shelf]:
    """Return the most popular items, of one category or of all."""
    return fetch(
        ("popular", dataset, category, limit),
        lambda: client(dataset).popular(category=category, limit=limit),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=50)
def trending(dataset: str, limit: int) -> CachedAnswer[Shelf]:
    """Return the items with the most recent positive interactions."""
    return fetch(("trending", dataset, limit), lambda: client(dataset).trending(limit=limit))


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def vendor_items(dataset: str, vendor: str, limit: int) -> CachedAnswer[Shelf]:
    """Return a vendor's items, most popular first."""
    return fetch(
        ("vendor", dataset, vendor, limit),
        lambda: client(dataset).of_vendor(vendor, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def popular_in_years(dataset: str, first: int, last: int, limit: int) -> CachedAnswer[Shelf]:
    """Return the most popular items released from `first` to `last`, both included."""
    return fetch(
        ("years", dataset, first, last, limit),
        lambda: client(dataset).popular(released_from=first, released_to=last, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def item(dataset: str, item_id: str) -> CachedAnswer[Item] | None:
    """Return one item; None if it is not in the catalogue."""
    try:
        return fetch(("item", dataset, item_id), lambda: client(dataset).item(item_id))
    except UnknownItemError:
        return None


@st.cache_data(ttl="30s", show_spinner=False, max_entries=500)
def items(
    dataset: str, q: str, category: str | None, limit: int, offset: int
) -> CachedAnswer[ItemPage]:
    """Return one page of the catalogue. `q`: beginnings of words of the title."""
    return fetch(
        ("items", dataset, q, category, limit, offset),
        lambda: client(dataset).items(q=q, category=category, limit=limit, offset=offset),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def similar(dataset: str, item_id: str, limit: int) -> CachedAnswer[SimilarItems] | None:
    """Return the items most similar to one; None if it is not in the catalogue."""
    try:
        return fetch(
            ("similar", dataset, item_id, limit),
            lambda: client(dataset).similar(item_id, limit=limit),
        )
    except UnknownItemError:
        return None


def clear_answers() -> None:
    """Let the next call of each function ask the API again."""
    clear_user_answers()
    for question in (
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
        question.clear()


def clear_user_answers() -> None:
    """Let the next call of each function that depends on feedback ask the API again."""
    for question in (recommendations, ratings, explanation):
        question.clear()


def fetch(question: Hashable, call: Callable[[], T]) -> CachedAnswer[T]:
    """Return the API's answer, or the latest one to the question while the API is unavailable.

    Raises:
        ApiUnavailableError: the API has not answered this question before.
        ApiError: as of `serving.client`.
    """
    try:
        answer = CachedAnswer(call(), datetime.now(UTC))
    except ApiUnavailableError:
        latest: CachedAnswer[T] | None = _cache().get(question)
        if latest is None:
            raise
        return replace(latest, stale=True)
    _cache().put(question, answer)
    return answer


@st.cache_resource
def _cache() -> AnswerCache:
    return AnswerCache()


@st.cache_resource(ttl="60s")
def client(dataset: str) -> Client:
    """Return the client of a data set, with the app's key.

    Raises:
        NotSetUpError: the API's address, the file of keys or the key is missing.
    """
    key = _keys().get(dataset)
    if key is None:
        raise NotSetUpError(f"{_settings().keys_file} has no key for {dataset}")
    return new_client(key, dataset)


def new_client(key: str, dataset: str, *, timeout: float = TIMEOUT_SECONDS) -> Client:
    """Return a new client of a data set. `key`: an API key or an operator's token."""
    headers = {"Authorization": f"Bearer {key}"}
    http = httpx2.Client(base_url=_settings().api_url, headers=headers, timeout=timeout)
    return Client(http, dataset)


def _keys() -> dict[str, str]:
    file = _settings().keys_file
    try:
        keys = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise NotSetUpError(f"{file} can't be read as a file of keys") from error
    if not isinstance(keys, dict) or not keys:
        raise NotSetUpError(f"{file} has no keys")
    return {str(name): str(key) for name, key in keys.items()}


def _settings() -> DemoSettings:
    try:
        return DemoSettings()
    except ValidationError as error:
        raise NotSetUpError("DEMO_API_URL and DEMO_KEYS_FILE must be set") from error
