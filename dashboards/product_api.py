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

from dashboards.answer_cache import Known, Memory
from dashboards.settings import DemoSettings
from serving.client import Client
from serving.errors import ApiError, ApiUnavailableError, UnknownItemError
from serving.schemas import (
    About,
    Explanation,
    Item,
    ItemPage,
    Person,
    RatingsPage,
    Recommendations,
    Shelf,
    SimilarItems,
)

T = TypeVar("T")
TIMEOUT_SECONDS = 3
AT_ONCE, FURTHEST = 1000, 100_000  # ratings, the most that one answer has and leaves out


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
def about(dataset: str) -> Known[About]:
    """Return the data set's words, scale, categories and licence."""
    return ask(("about", dataset), lambda: client(dataset).about())


@st.cache_data(ttl="60s", show_spinner=False)
def people(dataset: str) -> Known[list[Person]]:
    """Return some people whom the live release knows."""
    return ask(("people", dataset), lambda: client(dataset).people(limit=50))


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def recommendations(dataset: str, user_id: str, limit: int) -> Known[Recommendations]:
    """Return the person's list, at most five seconds old."""
    return ask(
        ("recommendations", dataset, user_id, limit),
        lambda: client(dataset).recommendations(user_id, limit=limit, explain=True),
    )


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def ratings(dataset: str, user_id: str) -> Known[RatingsPage]:
    """Return all that a person rated, newest first, at most five seconds old."""
    return ask(("ratings", dataset, user_id), lambda: _all_ratings(client(dataset), user_id))


def _all_ratings(api: Client, user_id: str) -> RatingsPage:
    found = api.ratings(user_id, limit=AT_ONCE)
    items = {item.item_id: item for item in found.items}
    for offset in range(AT_ONCE, min(found.total, FURTHEST + 1), AT_ONCE):
        more = api.ratings(user_id, limit=AT_ONCE, offset=offset).items
        items |= {item.item_id: item for item in more}  # what he rates meanwhile moves the rest on
    return found.model_copy(update={"items": tuple(items.values())})


@st.cache_data(ttl="5s", show_spinner=False, max_entries=500)
def explanation(dataset: str, user_id: str, item_id: str) -> Known[Explanation]:
    """Return why an item is on a person's list, or why not, at most five seconds old."""
    return ask(
        ("explanation", dataset, user_id, item_id),
        lambda: client(dataset).explanation(user_id, item_id),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=200)
def popular(dataset: str, category: str | None, limit: int) -> Known[Shelf]:
    """Return what most people like; of one category, its best-sellers."""
    return ask(
        ("popular", dataset, category, limit),
        lambda: client(dataset).popular(category=category, limit=limit),
    )


@st.cache_data(ttl="30s", show_spinner=False, max_entries=50)
def trending(dataset: str, limit: int) -> Known[Shelf]:
    """Return what people like lately."""
    return ask(("trending", dataset, limit), lambda: client(dataset).trending(limit=limit))


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def of_vendor(dataset: str, vendor: str, limit: int) -> Known[Shelf]:
    """Return a vendor's items, the most popular first."""
    return ask(
        ("vendor", dataset, vendor, limit),
        lambda: client(dataset).of_vendor(vendor, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=200)
def of_years(dataset: str, first: int, last: int, limit: int) -> Known[Shelf]:
    """Return the most popular of what was released in these years, both included."""
    return ask(
        ("years", dataset, first, last, limit),
        lambda: client(dataset).popular(released_from=first, released_to=last, limit=limit),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def item(dataset: str, item_id: str) -> Known[Item] | None:
    """Return one item; nothing where the catalogue does not have it."""
    try:
        return ask(("item", dataset, item_id), lambda: client(dataset).item(item_id))
    except UnknownItemError:
        return None


@st.cache_data(ttl="30s", show_spinner=False, max_entries=500)
def items(dataset: str, q: str, category: str | None, limit: int, offset: int) -> Known[ItemPage]:
    """Return one page of the catalogue. `q` are beginnings of words of titles."""
    return ask(
        ("items", dataset, q, category, limit, offset),
        lambda: client(dataset).items(q=q, category=category, limit=limit, offset=offset),
    )


@st.cache_data(ttl="60s", show_spinner=False, max_entries=500)
def similar(dataset: str, item_id: str, limit: int) -> Known[SimilarItems] | None:
    """Return the items most like one item; nothing where the catalogue does not have it."""
    try:
        return ask(
            ("similar", dataset, item_id, limit),
            lambda: client(dataset).similar(item_id, limit=limit),
        )
    except UnknownItemError:
        return None


def forget() -> None:
    """Ask the API again on the next call, whatever the time."""
    forget_person()
    for each in (about, people, item, items, similar, popular, trending, of_vendor, of_years):
        each.clear()


def forget_person() -> None:
    """Ask the API again for whatever follows from feedback: somebody just gave some."""
    for each in (recommendations, ratings, explanation):
        each.clear()


def ask(question: Hashable, answer_it: Callable[[], T]) -> Known[T]:
    """Return the answer; while the API is away, the last one to the same question.

    Raises:
        ApiUnavailableError: the API is away and has not answered this question before.
        ApiError: as of `serving.client`.
    """
    try:
        answer = Known(answer_it(), datetime.now(UTC))
    except ApiUnavailableError:
        remembered: Known[T] | None = _memory().find(question)
        if remembered is None:
            raise
        return replace(remembered, stale=True)
    _memory().keep(question, answer)
    return answer


@st.cache_resource
def _memory() -> Memory:
    return Memory()


@st.cache_resource(ttl="60s")
def client(dataset: str) -> Client:
    """Return the client of a data set, with the app's key for it.

    Raises:
        NotSetUpError: there is no key for it.
    """
    key = _keys().get(dataset)
    if key is None:
        raise NotSetUpError(f"{_settings().keys_file} has no key for {dataset}")
    return client_with(key, dataset)


def client_with(key: str, dataset: str, *, timeout: float = TIMEOUT_SECONDS) -> Client:
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
        return DemoSettings()  # type: ignore[call-arg] # read from the environment
    except ValidationError as error:
        raise NotSetUpError("DEMO_API_URL and DEMO_KEYS_FILE are not both set") from error
