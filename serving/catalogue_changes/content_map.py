"""Rows of factors of items that are newer than the release: predicted from their content.

A fit that predicts the factors of new items publishes the map from content to factors. With it a
process computes the row of an item that the product creates or changes after the fit, as the next
retrain would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from ranking import content
from serving.items import CatalogueItem
from serving.storage import arrays

_WEIGHTS = text(
    """
    select kind, feature, centre, deviation, array_send(weights) as weights from content_weights
    where release_id = :release_id order by kind, feature
    """
)

Rows = NDArray[np.float32]
Attributes = Mapping[str, Mapping[str, Any]]  # by item id


@dataclass(frozen=True)
class ContentMap:
    """The weights of features: of flags by name, and of numeric attributes.

    `columns` are the names of the priors' columns, which follow the factors; `newest_year` is that
    of the items that the fit has learned.
    """

    mean: Rows  # (factors,)
    flags: Mapping[str, Rows]
    numbers: Sequence[tuple[str, float, float]]  # name, centre and deviation of the logarithms
    of_numbers: Rows  # (numbers, factors)
    columns: tuple[str, ...] = ()
    newest_year: float | None = None

    @classmethod
    def of_rows(
        cls,
        rows: Sequence[tuple[str, str, float, float, Rows]],
        columns: tuple[str, ...],
        newest_year: float | None,
    ) -> Self | None:
        """Return the map of rows (kind, feature, centre, deviation, weights); None without any."""
        means = [row[4] for row in rows if row[0] == "mean"]
        if not means:
            return None
        numbers = [row for row in rows if row[0] == "number"]
        return cls(
            mean=means[0],
            flags={row[1]: row[4] for row in rows if row[0] == "flag"},
            numbers=[(feature, centre, deviation) for _, feature, centre, deviation, _ in numbers],
            of_numbers=np.array([row[4] for row in numbers]).reshape(len(numbers), len(means[0])),
            columns=columns,
            newest_year=newest_year,
        )

    def rows(self, items: Sequence[CatalogueItem], attributes: Attributes) -> Rows:
        """Return (items, factors and columns of the priors) of items without interactions."""
        factors = np.array([self._of_flags(item, attributes) for item in items], np.float32)
        factors = factors.reshape(len(items), len(self.mean))
        for (name, centre, deviation), weights in zip(self.numbers, self.of_numbers, strict=True):
            numbers = [_number(attributes.get(item.item_id, {}).get(name)) for item in items]
            logs = content.signed_logs(numbers)
            factors += content.standardised(logs, centre, deviation)[:, None] * weights
        return np.hstack([factors, self._priors(items)]).astype(np.float32)

    def _of_flags(self, item: CatalogueItem, attributes: Attributes) -> Rows:
        texts = {
            name: value
            for name, value in attributes.get(item.item_id, {}).items()
            if isinstance(value, str | list | tuple)
        }
        names = {*content.flags(item.categories, item.vendor, item.released, texts)}
        found = [self.flags[name] for name in sorted(names) if name in self.flags]
        return self.mean + np.sum(found, axis=0) if found else self.mean

    def _priors(self, items: Sequence[CatalogueItem]) -> Rows:
        """Return the priors' columns; popularity and preferences of segments are 0."""
        columns = np.zeros((len(items), len(self.columns)), np.float32)
        by_name = {name: column for column, name in enumerate(self.columns)}
        if "released" in by_name and self.newest_year is not None:
            years = [np.nan if item.released is None else item.released for item in items]
            decades = content.decades(np.array(years, np.float32), self.newest_year)
            columns[:, by_name["released"]] = decades
        n_columns = sum(name.startswith("category:") for name in self.columns)
        for row, item in enumerate(items):
            categories = {f"category:{name}" for name in item.categories}
            are_all = n_columns < content.MAX_CATEGORIES
            counted = categories if are_all else categories & by_name.keys()
            for name in categories & by_name.keys():
                columns[row, by_name[name]] = 1 / len(counted)
        return columns


def load(
    connection: Connection,
    release_id: int,
    columns: tuple[str, ...],
    newest_year: float | None,
) -> ContentMap | None:
    """Return the release's map; None if its fit predicted no factors."""
    rows = [
        (kind, feature, centre, deviation, arrays.reals(weights))
        for kind, feature, centre, deviation, weights in connection.execute(
            _WEIGHTS, {"release_id": release_id}
        )
    ]
    return ContentMap.of_rows(rows, columns, newest_year)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
