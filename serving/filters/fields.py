"""What a comparison of a filter means: its field in a catalogue, checked and typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal

from serving.catalogue_changes import attributes
from serving.catalogue_changes.attributes import Types
from serving.errors import RequestRefusedError, UnknownCategoryError
from serving.filters.parsing import Comparison, Operator, refused

FieldType = Literal["text", "number", "time", "list"]
_BUILT_IN: Mapping[str, FieldType] = {"category": "list", "vendor": "text", "released": "number"}
_EQUALITY = ("==", "!=")


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


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a data set's items."""

    types: Types
    categories: frozenset[str]
    is_tolerant: bool = False  # an invalid comparison counts as one of a field that no item has

    def compared(self, comparison: Comparison) -> Compared:
        """Return the comparison with the type of its field.

        Raises:
            UnknownAttributeError: no attribute has this name.
            UnknownCategoryError: the catalogue has no such category.
            FilterRefusedError: field, operator and value do not fit.

        Tolerant fields raise none of these.
        """
        try:
            return self._compared(comparison)
        except RequestRefusedError:
            if not self.is_tolerant:
                raise
            return Compared(
                comparison.name,
                "number",
                is_attribute=True,
                operator=comparison.operator,
                value=nan,
            )

    def _compared(self, comparison: Comparison) -> Compared:
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
            raise UnknownCategoryError(f"filter: at character {at}: no category {value!r}.")
        return Compared(name, field_type, name not in _BUILT_IN, comparison.operator, value)

    def _time(self, comparison: Comparison) -> str:
        """Return the time in the form that Postgres reads too."""
        at = attributes.time(str(comparison.value))
        if at is None:
            raise refused(comparison.at, f"{comparison.name} is compared with a time in ISO 8601")
        return at

    def _attribute(self, name: str, at: int) -> FieldType:
        fields = {**_BUILT_IN, **self.types}
        declared = attributes.must_be_declared(name, fields, f"filter: at character {at}")
        match declared:
            case "number" | "time" | "list":
                return declared
            case _:
                return "text"
