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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy import linalg, sparse

from jobs.engine.catalogue import Catalogue
from ranking import content as features_of
from ranking.selection import top_n

MAX_FEATURES = 500  # shared by the largest numbers of known items
MIN_ITEMS = 3  # known items that must share a feature
PENALTIES = tuple(10.0**power for power in range(-1, 5))
_ITEMS_PER_BLOCK = 20_000


@dataclass(frozen=True)
class Features:
    """The columns of features: the names of the flags, then the numeric attributes.

    A number is standardised by the `centres` and `deviations` of its logarithms.
    """

    flags: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    centres: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()


@dataclass(frozen=True)
class ContentMap:
    """What predicts the factors of an item from its features: mean + features @ weights."""

    features: Features
    mean: NDArray[np.float32]  # (factors,)
    weights: NDArray[np.float32]  # (features, factors)

    def predict(self, features: sparse.csr_array) -> NDArray[np.float32]:
        """Return (items, factors)."""
        return np.asarray(self.mean + features @ self.weights, np.float32)


@dataclass(frozen=True)
class Content:
    """The features of all items, known and new, by position in `catalogue`."""

    catalogue: Catalogue
    features: sparse.csr_array  # (items, features), float32
    names: Features = field(default=Features(()))

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
        flags, names = _shared(catalogue, [set(_flags(row, types)) for row in ordered])
        numbers = tuple(name for name, kind in types.items() if kind == "number")
        logs = [
            features_of.signed_logs([_number(row, name) for row in ordered]) for name in numbers
        ]
        centres, deviations = tuple(map(_centre, logs)), tuple(map(_deviation, logs))
        columns_of_numbers = [
            features_of.standardised(*of_number)
            for of_number in zip(logs, centres, deviations, strict=True)
        ]
        shape = (len(numbers), len(catalogue))  # also without a numeric attribute
        dense = np.array(columns_of_numbers, np.float32).reshape(shape).T
        features = sparse.hstack([flags, sparse.csr_array(dense)]).tocsr()
        return cls(catalogue, features, Features(names, numbers, centres, deviations))

    @property
    def n_new(self) -> int:
        """The number of new items."""
        return int((~self.catalogue.known).sum())

    def map_to(self, items: NDArray[np.int32], matrix: NDArray[np.float32]) -> ContentMap:
        """Return the map from content to factors, learned from those of the known `items`.

        `matrix` (items, factors) has one row each.
        """
        weights = ridge(self.features[self.catalogue.positions(items)], matrix)
        return ContentMap(self.names, matrix.mean(axis=0), weights.astype(np.float32))

    def with_new(
        self, items: NDArray[np.int32], matrix: NDArray[np.float32], content_map: ContentMap
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all items and their factors, ascending by item; those of new items are predicted.

        `matrix` (items, factors) has the fitted factors of the known `items`, one row each.
        """
        new = np.flatnonzero(~self.catalogue.known)
        predicted = content_map.predict(self.features[new])
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
    attributes: dict[str, str | Sequence[str]] = {}
    for name, text in row["attributes"].items():
        match types.get(name):
            case "text":
                attributes[name] = text
            case "list":
                attributes[name] = [str(value) for value in json.loads(text)]
    return features_of.flags(row["categories"] or (), row["vendor"], row["released"], attributes)


def _shared(
    catalogue: Catalogue, flags: list[set[str]]
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Return (items, features): 1 for each feature that enough known items share; and the names."""
    names = sorted(set().union(*flags))
    columns = {name: column for column, name in enumerate(names)}
    rows = np.repeat(np.arange(len(flags)), [len(of_item) for of_item in flags])
    indices = np.array([columns[name] for of_item in flags for name in of_item], np.int64)
    ones = np.ones(len(indices), np.float32)
    shape = (len(catalogue), len(names))
    matrix = sparse.csr_array(sparse.coo_array((ones, (rows, indices)), shape))
    counts = matrix[np.flatnonzero(catalogue.known)].sum(axis=0)
    scores = np.where(counts >= MIN_ITEMS, counts, -np.inf).astype(np.float32)
    kept = np.sort(top_n(scores, MAX_FEATURES))
    return matrix[:, kept], tuple(names[column] for column in kept.tolist())


def _number(row: Mapping[str, Any], name: str) -> float:
    text = row["attributes"].get(name)
    return float("nan") if text is None else float(text)


def _centre(logs: NDArray[np.float64]) -> float:
    finite = logs[np.isfinite(logs)]
    return float(finite.mean()) if len(finite) else 0.0


def _deviation(logs: NDArray[np.float64]) -> float:
    finite = logs[np.isfinite(logs)]
    return max(float(finite.std()), 1e-12) if len(finite) else 1.0
