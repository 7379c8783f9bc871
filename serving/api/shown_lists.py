"""Keeps the lists that this process answers, in batches beside the requests.

A request only adds its answer, of one list or several, to a queue. A thread writes the queue to
Postgres every half second, the lists of an answer by one statement. The queue is bounded, and each
key and each user have a quota of lists per day: answers beyond these, and lists that cannot be
written, are dropped and counted. A process that is killed loses the lists of its last half second.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.errors import ApiError
from serving.users import shown_lists
from serving.users.quotas import Quotas
from serving.users.shown_lists import ShownList

log = logging.getLogger(__name__)

SECONDS = 0.5  # between two flushes
AT_ONCE = 500  # lists of one statement, and the rest of its last answer


class ShownLists:
    """The queue of one process.

    At most `size` answers are in the queue; 0 keeps none. On a day (UTC), at most `per_day` lists
    of a key and `of_user_per_day` of a user are kept, and the rest of the last answer; 0: no limit.
    """

    def __init__(
        self,
        datasets: Datasets,
        metrics: Metrics,
        *,
        size: int,
        per_day: int = 0,
        of_user_per_day: int = 0,
    ) -> None:
        self._datasets, self._metrics, self._size = datasets, metrics, size
        self._quotas = Quotas(events=0, users=0, lists=per_day, of_user=of_user_per_day)
        self._queue = deque[tuple[str, Sequence[ShownList]]]()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="shown-lists", daemon=True)

    def add(self, dataset: str, *answer: ShownList, key_name: str = "") -> None:
        """Keep the lists of an answer that is about to be sent to a product with this key."""
        has_room = len(self._queue) < self._size
        user_id = answer[0].user_id if answer else None
        if has_room and self._quotas.take(dataset, key_name, "lists", len(answer), user_id):
            self._queue.append((dataset, answer))
        elif self._size:
            self._metrics.count_dropped_lists(dataset, len(answer))

    def flush(self) -> None:
        """Write what is in the queue now."""
        by_dataset = defaultdict[str, list[Sequence[ShownList]]](list)
        for _ in range(len(self._queue)):
            dataset, answer = self._queue.popleft()
            by_dataset[dataset].append(answer)
        for dataset, answers in by_dataset.items():
            for lists in _parts(answers):
                self._write(dataset, lists)

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


def _parts(answers: Iterable[Sequence[ShownList]]) -> Iterator[Sequence[ShownList]]:
    """Yield the lists of all answers in parts; no answer is split."""
    part: list[ShownList] = []
    for answer in answers:
        part.extend(answer)
        if len(part) >= AT_ONCE:
            yield part
            part = []
    if part:
        yield part
