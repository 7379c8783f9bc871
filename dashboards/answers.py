"""The latest answers of the API, which pages show while the API is not responding.

They are kept as JSON, so that their size is known, and only for some hours: in the meantime users
may have been erased elsewhere. All visits share them.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

T = TypeVar("T")
Question = tuple[Hashable, ...]  # the name of a function, its data set, and further arguments

MAX_BYTES = 32_000_000
MAX_ANSWERS = 20_000  # a question takes memory too, and visitors choose the words of searches
MAX_AGE = timedelta(hours=6)


@dataclass(frozen=True)
class CachedAnswer(Generic[T]):
    """An answer and when the API gave it. `stale`: the API is not responding now."""

    value: T
    at: datetime
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    adapter: TypeAdapter[Any]
    content: bytes
    at: datetime


class AnswerMemory:
    """The latest answer to each question, the oldest ones dropped.

    `max_bytes` is of all answers together, as JSON.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_age: timedelta = MAX_AGE) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._lock = Lock()
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()  # the oldest answer first
        self.n_bytes = 0

    def put(self, question: Question, answer: CachedAnswer[Any]) -> None:
        """Keep the latest answer to the question: a model of pydantic, or a list of them."""
        kept = _Kept(_adapter(answer.value), to_json(answer.value), answer.at)
        with self._lock:
            self._drop(question)
            self._kept[question] = kept
            self.n_bytes += len(kept.content)
            while self._kept and self._is_surplus(next(iter(self._kept.values()))):
                self._drop(next(iter(self._kept)))

    def get(self, question: Question) -> CachedAnswer[Any] | None:
        """Return the latest answer as stale; None if there is none or it is too old."""
        with self._lock:
            kept = self._kept.get(question)
        if kept is None or self._is_old(kept):
            return None
        return CachedAnswer(kept.adapter.validate_json(kept.content), kept.at, stale=True)

    def drop_user(self, dataset: str, user_id: str) -> None:
        """Drop all answers to questions about a user."""
        with self._lock:
            for question in [q for q in self._kept if {dataset, user_id} <= {*q}]:
                self._drop(question)

    def drop(self, question: Question) -> None:
        """Drop the answer to one question, if there is one."""
        with self._lock:
            self._drop(question)

    def _drop(self, question: Question) -> None:
        kept = self._kept.pop(question, None)
        self.n_bytes -= 0 if kept is None else len(kept.content)

    def _is_surplus(self, oldest: _Kept) -> bool:
        are_too_many = len(self._kept) > MAX_ANSWERS or self.n_bytes > self._max_bytes
        return are_too_many or self._is_old(oldest)

    def _is_old(self, kept: _Kept) -> bool:
        return datetime.now(UTC) - kept.at > self._max_age


def _adapter(value: Any) -> TypeAdapter[Any]:
    if isinstance(value, BaseModel):
        return TypeAdapter(type(value))
    items = [type(item) for item in value[:1]]
    return TypeAdapter(list[items[0]] if items else list[Any])  # type: ignore[valid-type] # known at run time
