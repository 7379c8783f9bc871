"""Kinds of events: what a view, a purchase or a rating says about a user's preference."""

from typing import Literal

from pydantic import Field

from warehouse.manifests.sources import Section

RATE = "rate"
UNDO = "undo"
RESERVED = ("unrate", "hide", "not_interested", UNDO)  # kinds that only the write API accepts

ValueMeaning = Literal["count", "amount", "share"]


class Kind(Section):
    """One kind of event, `[kinds.NAME]`."""

    weight: float = Field(default=1, ge=0)
    """How strongly one event speaks for an item, relative to other kinds. The search may find
    better weights."""
    positive: bool | None = None
    """Whether such an event makes an item relevant. If no kind of the manifest has this field,
    the kinds with the largest weight are positive; if one has it, the default is `false`."""
    positive_from: float = Field(default=0, ge=0)
    """Smallest sum of the values of a user's events on an item that is positive; of shares, the
    smallest value."""
    repeatable: bool | None = None
    """Whether the item may be recommended to the user again. By default `false` for positive
    kinds, and `true` for others."""
    value: ValueMeaning = "count"
    """What the values are, and how those of a user's events on an item become one. count:
    numbers such as plays or quantities are added up; amount: seconds or money are added up as
    well; share: of numbers from 0 to 1, the largest is used."""
