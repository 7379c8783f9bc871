"""The last good answers: what a page shows while the API is away, and since when it is so."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MAX_ANSWERS = 2000  # answers, of all data sets and people


@dataclass(frozen=True)
class CachedAnswer(Generic[T]):
    """An answer and when it was given. `stale`: the API does not answer now."""

    value: T
    at: datetime
    stale: bool = False


class AnswerCache:
    """The last good answers, so many of them that memory stays bounded."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, CachedAnswer[Any]] = OrderedDict()
        self._lock = Lock()

    def put(self, question: Hashable, answer: CachedAnswer[Any]) -> None:
        """Remember an answer; the one that was asked for longest ago goes."""
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)

    def get(self, question: Hashable) -> CachedAnswer[Any] | None:
        """Return the last answer to the same question."""
        with self._lock:
            return self._answers.get(question)
