"""Keeps the lists that this process answers, in batches beside the requests.

A request only adds its list to a queue. A thread writes the queue to Postgres every half second.
The queue is bounded: lists beyond the bound, and those that cannot be written, are dropped and
counted. A process that is killed loses the lists of its last half second.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.errors import ApiError
from serving.users import shown_lists
from serving.users.shown_lists import ShownList

log = logging.getLogger(__name__)

SECONDS = 0.5  # between two flushes
AT_ONCE = 500  # lists of one statement


class ShownLists:
    """The queue of one process.

    Args:
        datasets: where the lists are written.
        metrics: counts the lists that are dropped.
        size: largest number of lists in the queue; 0 keeps none.
    """

    def __init__(self, datasets: Datasets, metrics: Metrics, *, size: int) -> None:
        self._datasets, self._metrics, self._size = datasets, metrics, size
        self._queue = deque[tuple[str, ShownList]]()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="shown-lists", daemon=True)

    def add(self, dataset: str, shown: ShownList) -> None:
        """Keep a list that is about to be answered."""
        if len(self._queue) < self._size:
            self._queue.append((dataset, shown))
        elif self._size:
            self._metrics.count_dropped_lists(dataset, 1)

    def flush(self) -> None:
        """Write what is in the queue now."""
        by_dataset = defaultdict[str, list[ShownList]](list)
        for _ in range(len(self._queue)):
            dataset, shown = self._queue.popleft()
            by_dataset[dataset].append(shown)
        for dataset, lists in by_dataset.items():
            for some in _parts(lists):
                self._write(dataset, some)

    def start(self) -> None:
        """Start the thread that flushes, unless no list is kept."""
        if self._size:
            self._thread.start()

    def stop(self) -> None:
        """Flush for the last time."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            self.flush()
        self.flush()

    def _write(self, dataset: str, lists: Sequence[ShownList]) -> None:
        try:
            with self._datasets.transaction(dataset) as connection:
                shown_lists.write(connection, lists)
        except (SQLAlchemyError, ApiError) as error:
            self._metrics.count_dropped_lists(dataset, len(lists))
            cause = str(getattr(error, "orig", error)).partition("\n")[0]
            log.warning("dropped lists dataset=%s n=%d error=%s", dataset, len(lists), cause)


def _parts(lists: Sequence[ShownList]) -> Iterator[Sequence[ShownList]]:
    for start in range(0, len(lists), AT_ONCE):
        yield lists[start : start + AT_ONCE]
