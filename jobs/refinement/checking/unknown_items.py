"""Items that have events and are not in the catalogue: often their ids are written differently."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.runtime.errors import UnknownItemsError
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.tables import SILVER_INTERACTIONS, SILVER_ITEMS, Table

log = logging.getLogger(__name__)

_NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class Coverage:
    """Numbers of items with interactions: all, and those that the catalogue does not have."""

    n_items: int
    n_unknown: int
    n_catalogue: int
    unknown: str = ""  # an example
    known: str = ""  # an example from the catalogue

    @property
    def is_none(self) -> bool:
        """Whether there are interactions, but the catalogue has none of their items."""
        return 0 < self.n_items == self.n_unknown

    def sentence(self, dataset: Dataset) -> str:
        """Return the numbers with an example, and the next step."""
        n_known = self.n_items - self.n_unknown
        example = f", and has {self.known!r}" if self.known else ""
        return (
            f"{dataset.name}: of {self.n_items:,} items with events, {n_known or 'none'} "
            f"{'are' if n_known > 1 else 'is'} in the catalogue of {self.n_catalogue:,} items. It "
            f"lacks, for example, {self.unknown!r}{example}. Compare the ids in both files, and "
            "correct `item` in the manifest, or send the file of items"
        )


def coverage(lake: Lake) -> Coverage:
    """Return how many of the items with interactions are in the catalogue."""
    acted_on, listed = _item_ids(lake, SILVER_INTERACTIONS), _item_ids(lake, SILVER_ITEMS)
    unknown = acted_on - listed
    return Coverage(
        len(acted_on),
        len(unknown),
        len(listed),
        min(unknown, default=""),
        min(listed, default=""),
    )


def warn(lake: Lake, dataset: Dataset, counted: Iterable[tuple[int, int] | None]) -> None:
    """Log a warning if nearly all of the refined events, counted by landing, have unknown items."""
    counts = [pair for pair in counted if pair is not None]
    n_accepted, n_unknown = sum(n for n, _ in counts), sum(n for _, n in counts)
    if n_accepted and n_unknown >= _NEARLY_ALL * n_accepted:
        log.warning("%s", coverage(lake).sentence(dataset))


def require_known(lake: Lake, dataset: Dataset) -> None:
    """Stop if the catalogue has none of the items with interactions: nothing can be recommended.

    Raises:
        UnknownItemsError: it has none.
    """
    listed = _item_ids(lake, SILVER_ITEMS)
    if any(not listed.isdisjoint(ids) for ids in _by_batch(lake, SILVER_INTERACTIONS)):
        return  # as a rule the first batch ends the search
    counted = coverage(lake)
    if counted.is_none:
        raise UnknownItemsError(counted.sentence(dataset))


def _item_ids(lake: Lake, table: Table) -> set[str]:
    return {item_id for ids in _by_batch(lake, table) for item_id in ids}


def _by_batch(lake: Lake, table: Table) -> Iterator[list[str]]:
    """Yield the ids of items in each record batch, each once; nothing before the first commit."""
    if lake.exists(table):
        for batch in lake.batches(table, columns=["item_id"]):
            yield batch["item_id"].unique().to_pylist()
