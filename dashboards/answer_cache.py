"""Keeps the latest answers of the API, which pages show while the API is not responding."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MAX_ANSWERS = 2000  # of all data sets and users


@dataclass(frozen=True)
class CachedAnswer(Generic[T]):
    """An answer and when the API gave it. `stale`: the API is not responding now."""

    value: T
    at: datetime
    stale: bool = False


class AnswerCache:
    """The latest `MAX_ANSWERS` answers. Threads may share it."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, CachedAnswer[Any]] = OrderedDict()
        self._lock = Lock()

    def put(self, question: Hashable, answer: CachedAnswer[Any]) -> None:
        """Keep an answer and drop the oldest one if there are too many."""
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)

    def get(self, question: Hashable) -> CachedAnswer[Any] | None:
        """Return the latest answer to a question."""
        with self._lock:
            return self._answers.get(question)
