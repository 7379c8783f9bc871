"""Kinds of events: what a view, a purchase or a rating says about a user's preference."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from warehouse.manifests.sources import Section

RATE = "rate"
UNDO = "undo"
RESERVED = ("unrate", "hide", "not_interested", UNDO)  # kinds that only the write API accepts

ValueMeaning = Literal["count", "amount", "share"]

# What users did, by usual names of kinds: see `Kind.past`.
PASTS: Mapping[str, str] = {
    "view": "viewed",
    "click": "clicked",
    "visit": "visited",
    "open": "opened",
    "cart": "added {} to the basket",
    "add_to_cart": "added {} to the basket",
    "purchase": "bought",
    "buy": "bought",
    "order": "ordered",
    "rent": "rented",
    "borrow": "borrowed",
    "play": "played",
    "listen": "listened to",
    "watch": "watched",
    "read": "read",
    "download": "downloaded",
    "like": "liked",
    "favourite": "liked",
    "favorite": "liked",
    "bookmark": "saved",
    "save": "saved",
    "wishlist": "put {} on the wish list",
    "follow": "followed",
    "share": "shared",
}


class Kind(Section):
    """One kind of event, `[kinds.NAME]`."""

    weight: float = Field(default=1, ge=0)
    """How strong the evidence of one event is, relative to other kinds. A search may find better
    weights."""
    positive: bool | None = None
    """Whether such an event makes an item relevant. If no kind of the manifest has this field,
    the kinds with the largest weight are positive; if one has it, the default is `false`."""
    positive_from: float = Field(default=0, ge=0)
    """The sum of the values of a user's events on an item from which the item is positive; for
    shares, the largest value."""
    repeatable: bool | None = None
    """Whether the item may be recommended to the user again. By default `false` for positive
    kinds, and `true` for others."""
    value: ValueMeaning = "count"
    """What the values of a user's events on an item are, and how they are combined. count: numbers
    such as plays or quantities, added up; amount: seconds or money, added up; share: numbers from 0
    to 1, of which the largest is used."""
    past: str = Field(default="", max_length=40)
    """What the user did, as reasons say it: `bought` gives "because you bought Alien", and
    `added {} to the basket` "because you added Alien to the basket". Kinds with usual names, such
    as `purchase`, need none."""
