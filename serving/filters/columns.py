"""The values of all items of a catalogue, field by field: filters are evaluated on these at once.

A column is made when a filter first compares its field.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.catalogue_changes import attributes
from serving.filters.fields import Compared
from serving.items import CatalogueItem

Mask = NDArray[np.bool_]  # (items,)
_COMPARE: Mapping[str, Callable[[Any, Any], Mask]] = {
    "==": np.equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Columns:
    """The items of a catalogue, and their attributes by id. Masks are in the order of `items`."""

    items: Sequence[CatalogueItem]
    attributes: Mapping[str, Mapping[str, Any]]
    _ordered: dict[tuple[str, bool], NDArray[Any]] = field(default_factory=dict)
    _having: dict[tuple[str, bool], dict[str, list[int]]] = field(default_factory=dict)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each item, by id."""
        return {item.item_id: place for place, item in enumerate(self.items)}

    def among(self, item_ids: frozenset[str]) -> Mask:
        """Return which items have one of these ids."""
        return self._mask([self.places[i] for i in item_ids if i in self.places])

    def meeting(self, compared: Compared) -> Mask:
        """Return which items meet a comparison. Of those that lack the field, only `!=` holds."""
        if compared.operator == "!=":
            return ~self.meeting(replace(compared, operator="=="))
        if compared.type in ("text", "list"):
            return self._mask(self._places_by_text(compared).get(str(compared.value), ()))
        value = _numbers(compared, [compared.value])[0]
        return _COMPARE[compared.operator](self._column(compared), value)

    def _column(self, compared: Compared) -> NDArray[Any]:
        key = compared.name, compared.is_attribute
        if key not in self._ordered:
            self._ordered[key] = _numbers(compared, self._values(compared))
        return self._ordered[key]

    def _places_by_text(self, compared: Compared) -> Mapping[str, Sequence[int]]:
        """Return the places of the items that have a text, or whose list contains it."""
        key = compared.name, compared.is_attribute
        if key not in self._having:
            having: dict[str, list[int]] = {}
            for place, value in enumerate(self._values(compared)):
                for text in _texts(compared, value):
                    having.setdefault(text, []).append(place)
            self._having[key] = having
        return self._having[key]

    def _values(self, compared: Compared) -> Sequence[object]:
        name, values = compared.name, self.attributes
        if compared.is_attribute:
            return [values.get(item.item_id, _NONE).get(name) for item in self.items]
        if name == "category":
            return [item.categories for item in self.items]
        return [item.vendor if name == "vendor" else item.released for item in self.items]

    def _mask(self, places: Sequence[int]) -> Mask:
        mask = np.zeros(len(self.items), bool)
        mask[np.array(places, np.int64)] = True
        return mask


def _texts(compared: Compared, value: object) -> Sequence[str]:
    if compared.type == "list":
        return value if isinstance(value, list | tuple) else ()
    return (value,) if isinstance(value, str) else ()


def _numbers(compared: Compared, values: Sequence[object]) -> NDArray[Any]:
    """Return numbers, or times; NaN or NaT where there is none. These meet no comparison."""
    if compared.type == "number":
        return np.array([v if isinstance(v, int | float) else np.nan for v in values], np.float64)
    times = (v if isinstance(v, datetime) else attributes.parsed_time(v) for v in values)
    return np.array([at and at.replace(tzinfo=None) for at in times], "datetime64[us]")
