"""Calls of the API whose latest answers are kept, for when it is unavailable."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.caching.cache_utils import CachedFunc

from dashboards.answers import AnswerMemory, CachedAnswer, Question
from serving.errors import ApiUnavailableError

T = TypeVar("T")
P = ParamSpec("P")

# Of all data sets and users. No cache of Streamlit, which can be emptied.
MEMORY = AnswerMemory()


def fetch(question: Question, call: Callable[[], T]) -> CachedAnswer[T]:
    """Return the API's answer, or the latest one to the question while the API is unavailable.

    Raises:
        ApiUnavailableError: the API has not answered this question for hours.
        ApiError: as of `serving.client`.
    """
    try:
        answer = CachedAnswer(call(), datetime.now(UTC))
    except ApiUnavailableError:
        latest = MEMORY.get(question)
        if latest is None:
            raise
        return latest
    MEMORY.put(question, answer)
    return answer


def cached(
    ttl: str, max_entries: int | None = None
) -> Callable[[Callable[P, T]], CachedFunc[P, CachedAnswer[T]]]:
    """Return a decorator that calls a function through `fetch` and caches its answers."""

    def decorate(ask: Callable[P, T]) -> CachedFunc[P, CachedAnswer[T]]:
        @st.cache_data(ttl=ttl, max_entries=max_entries, show_spinner=False)
        @wraps(ask)
        def fetched(*args: P.args, **kwargs: P.kwargs) -> CachedAnswer[T]:
            question = (ask.__name__, *args, *kwargs.values())
            return fetch(question, lambda: ask(*args, **kwargs))

        return fetched

    return decorate
