"""The last good answers: what a page shows while the API is away, and since when it is so."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")
REMEMBERED = 2000  # answers, of all data sets and people


@dataclass(frozen=True)
class Known(Generic[T]):
    """An answer and when it was given. `stale`: the API does not answer now."""

    value: T
    at: datetime
    stale: bool = False


class Memory:
    """The last good answers, so many of them that memory stays bounded."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Known[Any]] = OrderedDict()
        self._lock = Lock()

    def keep(self, question: Hashable, answer: Known[Any]) -> None:
        """Remember an answer; the one that was asked for longest ago goes."""
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)

    def find(self, question: Hashable) -> Known[Any] | None:
        """Return the last answer to the same question."""
        with self._lock:
            return self._answers.get(question)
