"""Content of items as features, and the factors of new items that it predicts.

A new item has no interactions, so a fit has no factors for it. They are predicted by a ridge
regression (Hoerl and Kennard 1970) from the features of the known items to their factors. Its
penalty is the one with the smallest leave-one-out error, in closed form, so there is nothing to
tune.

A feature is 1 if the item has this category, vendor, decade of release, or text or listed value of
an attribute; several known items must share it. Numeric attributes are features as standardised
logarithms.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy import linalg, sparse

from jobs.engine.catalogue import Catalogue
from ranking.selection import top_n

MAX_FEATURES = 500  # shared by the largest numbers of known items
MIN_ITEMS = 3  # known items that must share a feature
PENALTIES = tuple(10.0**power for power in range(-1, 5))
_ITEMS_PER_BLOCK = 20_000
_YEARS_PER_DECADE = 10


@dataclass(frozen=True)
class Content:
    """The features of all items, known and new, by position in `catalogue`."""

    catalogue: Catalogue
    features: sparse.csr_array  # (items, features), float32

    @classmethod
    def of(cls, items: DataFrame, known: NDArray[np.int32], types: Mapping[str, str]) -> Self:
        """Return the content of `items`.

        Args:
            items: (item, item_id, categories, released, vendor, attributes), one row per item.
            known: the values of `item` of the items that have interactions.
            types: the manifest's type of each attribute, by name.
        """
        columns = ["item", "item_id", "categories", "released", "vendor", "attributes"]
        rows = items.select(columns).toArrow()
        all_items = Catalogue.of_rows(rows)
        catalogue = replace(all_items, new=~np.isin(all_items.index, known))
        by_item = {
            row["item"]: row | {"attributes": dict(row["attributes"] or ())}
            for row in rows.to_pylist()
        }
        ordered = [by_item[item] for item in catalogue.index.tolist()]
        flags = _shared(catalogue, [set(_flags(row, types)) for row in ordered])
        numeric = [name for name, kind in types.items() if kind == "number"]
        columns_of_numbers = [
            _standardised([_number(row, name) for row in ordered]) for name in numeric
        ]
        shape = (len(numeric), len(catalogue))  # also without a numeric attribute
        dense = np.array(columns_of_numbers, np.float32).reshape(shape).T
        return cls(catalogue, sparse.hstack([flags, sparse.csr_array(dense)]).tocsr())

    @property
    def n_new(self) -> int:
        """The number of new items."""
        return int((~self.catalogue.known).sum())

    def with_new(
        self, items: NDArray[np.int32], matrix: NDArray[np.float32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all items and their factors, ascending by item; those of new items are predicted.

        `matrix` (items, factors) has the fitted factors of the known `items`, one row each.
        """
        positions = self.catalogue.positions(items)
        weights = ridge(self.features[positions], matrix)
        new = np.flatnonzero(~self.catalogue.known)
        predicted = matrix.mean(axis=0) + self.features[new] @ weights
        all_items = np.concatenate([items, self.catalogue.index[new]])
        order = np.argsort(all_items)
        return all_items[order], np.vstack([matrix, predicted]).astype(np.float32)[order]


def ridge(features: sparse.csr_array, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (features, columns): the weights that predict `values` (items, columns).

    They predict the differences from the mean of each column. The penalty is the one of `PENALTIES`
    with the smallest leave-one-out squared error.
    """
    x = features.astype(np.float64)
    centred = (values - values.mean(axis=0)).astype(np.float64)
    eigenvalues, vectors = linalg.eigh((x.T @ x).toarray())
    eigenvalues = np.maximum(eigenvalues, 0)
    projected = vectors.T @ (x.T @ centred)
    errors = np.zeros(len(PENALTIES))
    for start in range(0, x.shape[0], _ITEMS_PER_BLOCK):
        block = slice(start, start + _ITEMS_PER_BLOCK)
        rotated = x[block] @ vectors
        for position, penalty in enumerate(PENALTIES):
            shrunk = 1 / (eigenvalues + penalty)
            residuals = centred[block] - (rotated * shrunk) @ projected
            own = (rotated**2 * shrunk).sum(axis=1, keepdims=True)  # the hat matrix' diagonal
            errors[position] += float(((residuals / np.maximum(1 - own, 1e-6)) ** 2).sum())
    best = PENALTIES[int(errors.argmin())]
    return np.asarray((vectors / (eigenvalues + best)) @ projected)


def _flags(row: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of the features that the item has."""
    yield from (f"category:{name}" for name in row["categories"] or ())
    if row["vendor"]:
        yield f"vendor:{row['vendor']}"
    if row["released"] is not None:
        yield f"decade:{row['released'] // _YEARS_PER_DECADE}"
    for name, text in row["attributes"].items():
        match types.get(name):
            case "text":
                yield f"{name}:{text}"
            case "list":
                yield from (f"{name}:{value}" for value in json.loads(text))


def _shared(catalogue: Catalogue, flags: list[set[str]]) -> sparse.csr_array:
    """Return (items, features): 1 for each feature of an item that enough known items share."""
    names = sorted(set().union(*flags))
    columns = {name: column for column, name in enumerate(names)}
    rows = np.repeat(np.arange(len(flags)), [len(of_item) for of_item in flags])
    indices = np.array([columns[name] for of_item in flags for name in of_item], np.int64)
    ones = np.ones(len(indices), np.float32)
    shape = (len(catalogue), len(names))
    matrix = sparse.csr_array(sparse.coo_array((ones, (rows, indices)), shape))
    counts = matrix[np.flatnonzero(catalogue.known)].sum(axis=0)
    scores = np.where(counts >= MIN_ITEMS, counts, -np.inf).astype(np.float32)
    return matrix[:, np.sort(top_n(scores, MAX_FEATURES))]


def _number(row: Mapping[str, Any], name: str) -> float:
    text = row["attributes"].get(name)
    return float("nan") if text is None else float(text)


def _standardised(numbers: list[float]) -> NDArray[np.float32]:
    """Return signed logs with mean 0 and deviation 1; 0 where the number is unknown."""
    values = np.array(numbers, np.float64)
    logs = np.sign(values) * np.log1p(np.abs(values))
    finite = logs[np.isfinite(logs)]
    if not len(finite):
        return np.zeros(len(values), np.float32)
    scaled = (logs - finite.mean()) / max(float(finite.std()), 1e-12)
    return np.asarray(np.nan_to_num(scaled), np.float32)
