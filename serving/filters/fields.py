"""What a comparison of a filter means: its field in a catalogue, checked and typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from serving.catalogue_changes import attributes
from serving.catalogue_changes.attributes import Types
from serving.errors import UnknownCategoryError
from serving.filters.parsing import Comparison, Operator, refused

FieldType = Literal["text", "number", "time", "list"]
Test = Callable[[object], bool]
_BUILT_IN: Mapping[str, FieldType] = {"category": "list", "vendor": "text", "released": "number"}
_EQUALITY = ("==", "!=")
_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison whose value has the type of its field.

    If an item lacks the field, only `!=` holds. A list is equal to a text if it contains the text.
    """

    name: str
    type: FieldType
    is_attribute: bool
    operator: Operator
    value: float | str

    def test(self) -> Test:
        """Return whether an item with a value meets the comparison; None: it lacks the field."""
        if self.operator == "==":
            return is_one_of([self])
        if self.operator == "!=":
            is_equal = is_one_of([self])
            return lambda item_value: not is_equal(item_value)
        compare, right = _COMPARE[self.operator], _typed(self.type, self.value)

        def holds(item_value: object) -> bool:
            left = _typed(self.type, item_value)
            return left is not None and compare(left, right)

        return holds


def is_one_of(equal: Sequence[Compared]) -> Test:
    """Return whether a value meets one of several `==` of the same field, at the cost of one."""
    field_type = equal[0].type
    values = frozenset(_typed(field_type, compared.value) for compared in equal)
    if field_type == "list":
        return lambda item_value: (
            isinstance(item_value, list | tuple) and not values.isdisjoint(item_value)
        )

    def holds(item_value: object) -> bool:
        typed = _typed(field_type, item_value)
        return typed is not None and typed in values

    return holds


def _typed(field_type: FieldType, value: object) -> float | str | datetime | None:
    """Return the value as it is compared; None if it is not of the field's type."""
    if field_type == "number":
        return value if isinstance(value, int | float) else None
    if field_type == "time":
        return value if isinstance(value, datetime) else attributes.parsed_time(value)
    return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a data set's items."""

    types: Types
    categories: frozenset[str]

    def compared(self, comparison: Comparison) -> Compared:
        """Return the comparison with the type of its field.

        Raises:
            UnknownAttributeError: no attribute has this name.
            UnknownCategoryError: the catalogue has no such category.
            FilterRefusedError: field, operator and value do not fit.
        """
        name, at, value = comparison.name, comparison.at, comparison.value
        field_type = _BUILT_IN.get(name) or self._attribute(name, at)
        is_ordered = field_type in ("number", "time")
        if comparison.operator not in _EQUALITY and not is_ordered:
            raise refused(at, f"{name} can be compared by == and != only")
        if (field_type == "number") != isinstance(value, float):
            expected = "number" if field_type == "number" else "text"
            raise refused(at, f"{name} is compared with a {expected}")
        if field_type == "time":
            value = self._time(comparison)
        if name == "category" and value not in self.categories:
            raise UnknownCategoryError(f"filter: at position {at}: no category {value!r}.")
        return Compared(name, field_type, name not in _BUILT_IN, comparison.operator, value)

    def _time(self, comparison: Comparison) -> str:
        """Return the time in the form that Postgres reads too."""
        at = attributes.time(str(comparison.value))
        if at is None:
            raise refused(comparison.at, f"{comparison.name} is compared with a time in ISO 8601")
        return at

    def _attribute(self, name: str, at: int) -> FieldType:
        declared = attributes.must_be_declared(name, self.types, f"filter: at position {at}")
        match declared:
            case "number" | "time" | "list":
                return declared
            case _:
                return "text"
