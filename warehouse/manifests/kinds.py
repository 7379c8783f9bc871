"""Kinds of events: what a view, a purchase or a rating says about a user's preference."""

from typing import Literal

from pydantic import Field

from warehouse.manifests.sources import Section

RATE = "rate"
RESERVED = ("unrate", "hide", "not_interested")  # kinds of the product's feedback

ValueMeaning = Literal["count", "amount", "share"]


class Kind(Section):
    """One kind of event, `[kinds.NAME]`."""

    weight: float = Field(default=1, ge=0)
    """How much one event says, relative to other kinds. The search may find other weights."""
    positive: bool | None = None
    """Whether an item with such an event counts as relevant. By default the kinds with the
    largest weight are positive, unless a manifest names one."""
    positive_from: float = Field(default=0, ge=0)
    """Smallest value of a pair, added up over its events, that is positive."""
    repeatable: bool | None = None
    """Whether the item may be recommended again afterwards. By default only items with positive
    events are not."""
    value: ValueMeaning = "count"
    """count: values of a pair add up, such as quantities or plays; amount: they add up and are
    compared by their logarithm, such as seconds or money; share: between 0 and 1, and the
    largest counts."""
