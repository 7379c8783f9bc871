"""The values of all items of a catalogue, field by field: filters are evaluated on these at once.

A column is made when a filter first compares its field.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from serving.catalogue_changes import attributes
from serving.filters.fields import Compared, FieldType
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


class _Field(NamedTuple):
    """A field of items: an attribute or not, and the type as which it is compared."""

    name: str
    is_attribute: bool
    type: FieldType

    @classmethod
    def of(cls, compared: Compared) -> Self:
        return cls(compared.name, compared.is_attribute, compared.type)


@dataclass(frozen=True)
class Columns:
    """The items of a catalogue, and their attributes by id. Masks are in the order of `items`."""

    items: Sequence[CatalogueItem]
    attributes: Mapping[str, Mapping[str, Any]]
    _ordered: dict[_Field, NDArray[Any]] = field(default_factory=dict)
    _having: dict[_Field, dict[str, list[int]]] = field(default_factory=dict)

    def with_changes(
        self, items: Mapping[str, CatalogueItem], attributes: Mapping[str, Mapping[str, Any]]
    ) -> "Columns":
        """Return the columns after changes of some of the items, which are named in `items`.

        Items that are new are the last rows. `attributes` are those of all items. Only values of
        changed items are looked at.
        """
        created = [item_id for item_id in items if item_id not in self.row_of]
        new_rows = {item_id: len(self.items) + n for n, item_id in enumerate(created)}
        row_of = {**self.row_of, **new_rows} if created else self.row_of
        at = {row_of[item_id]: item for item_id, item in items.items()}
        all_items = [*self.items, *(items[item_id] for item_id in created)]
        for row, item in at.items():
            all_items[row] = item
        changed = Columns(all_items, attributes)
        changed.__dict__["row_of"] = row_of
        # copies: a request that still reads these columns may add a field meanwhile
        for of_field, column in self._ordered.copy().items():
            values = [_value(of_field, item, attributes) for item in at.values()]
            changed._ordered[of_field] = np.resize(column, len(all_items))
            changed._ordered[of_field][[*at]] = _numbers(of_field.type, values)
        for of_field, having in self._having.copy().items():
            texts = (
                (
                    row,
                    self._texts_at(of_field, row),
                    _texts(of_field.type, _value(of_field, item, attributes)),
                )
                for row, item in at.items()
            )
            changed._having[of_field] = moved(having, texts)
        return changed

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each item, its index in `items`, by id."""
        return {item.item_id: row for row, item in enumerate(self.items)}

    def among(self, item_ids: frozenset[str]) -> Mask:
        """Return which items have one of these ids."""
        return self._mask([self.row_of[i] for i in item_ids if i in self.row_of])

    def times(self, attribute: str) -> NDArray[np.datetime64]:
        """Return the times in an attribute, of each item; NaT where there is none."""
        return self._column(_Field(attribute, is_attribute=True, type="time"))

    def meeting(self, compared: Compared) -> Mask:
        """Return which items meet a comparison. Of those that lack the field, only `!=` holds."""
        if compared.operator == "!=":
            return ~self.meeting(replace(compared, operator="=="))
        if compared.type in ("text", "list"):
            return self._mask(self._rows_by_text(_Field.of(compared)).get(str(compared.value), ()))
        value = _numbers(compared.type, [compared.value])[0]
        return _COMPARE[compared.operator](self._column(_Field.of(compared)), value)

    def _column(self, of_field: _Field) -> NDArray[Any]:
        if of_field not in self._ordered:
            self._ordered[of_field] = _numbers(of_field.type, self._values(of_field))
        return self._ordered[of_field]

    def _rows_by_text(self, of_field: _Field) -> Mapping[str, Sequence[int]]:
        """Return the rows of the items that have a text, or whose list contains it."""
        if of_field not in self._having:
            having: dict[str, list[int]] = {}
            for row, value in enumerate(self._values(of_field)):
                for text in _texts(of_field.type, value):
                    having.setdefault(text, []).append(row)
            self._having[of_field] = having
        return self._having[of_field]

    def _texts_at(self, of_field: _Field, row: int) -> Sequence[str]:
        if row >= len(self.items):
            return ()
        return _texts(of_field.type, _value(of_field, self.items[row], self.attributes))

    def _values(self, of_field: _Field) -> Sequence[object]:
        return [_value(of_field, item, self.attributes) for item in self.items]

    def _mask(self, rows: Sequence[int]) -> Mask:
        mask = np.zeros(len(self.items), bool)
        mask[np.array(rows, np.int64)] = True
        return mask


def moved(
    having: Mapping[str, list[int]], changes: Iterable[tuple[int, Iterable[str], Iterable[str]]]
) -> dict[str, list[int]]:
    """Return the rows that have each text after changes of some rows, in ascending order.

    A change is a row with its texts before and after it. A list of rows is copied at most once,
    however many rows change, and not at all if none of them gets or loses its text.
    """
    gone, added = defaultdict[str, set[int]](set), defaultdict[str, set[int]](set)
    for row, texts_before, texts_after in changes:
        before, after = {*texts_before}, {*texts_after}
        for text in before - after:
            gone[text].add(row)
        for text in after - before:
            added[text].add(row)
    result = dict(having)
    for text in gone.keys() | added.keys():
        kept = [row for row in having.get(text, ()) if row not in gone[text]]
        result[text] = sorted([*kept, *added[text]])
    return result


def _value(
    of_field: _Field, item: CatalogueItem, attributes: Mapping[str, Mapping[str, Any]]
) -> object:
    if of_field.is_attribute:
        return attributes.get(item.item_id, _NONE).get(of_field.name)
    if of_field.name == "category":
        return item.categories
    return item.vendor if of_field.name == "vendor" else item.released


def _texts(field_type: FieldType, value: object) -> Sequence[str]:
    if field_type == "list":
        return value if isinstance(value, list | tuple) else ()
    return (value,) if isinstance(value, str) else ()


def _numbers(field_type: FieldType, values: Sequence[object]) -> NDArray[Any]:
    """Return numbers, or times; NaN or NaT where there is none. These meet no comparison."""
    if field_type == "number":
        return np.array([v if isinstance(v, int | float) else np.nan for v in values], np.float64)
    times = (v if isinstance(v, datetime) else attributes.parsed_time(v) for v in values)
    return np.array([at and at.replace(tzinfo=None) for at in times], "datetime64[us]")
