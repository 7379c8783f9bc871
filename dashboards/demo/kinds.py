"""The buttons of a data set without ratings: one for each kind of event, such as "Buy"."""

from collections.abc import Mapping

from dashboards.ui import KindButton
from serving.schemas import About

# Labels and icons by usual names of kinds.
_USUAL: Mapping[str, tuple[str, str]] = {
    "purchase": ("Buy", "shopping_bag"),
    "buy": ("Buy", "shopping_bag"),
    "order": ("Order", "shopping_bag"),
    "cart": ("Add to basket", "add_shopping_cart"),
    "add_to_cart": ("Add to basket", "add_shopping_cart"),
    "rent": ("Rent", "event_available"),
    "borrow": ("Borrow", "event_available"),
    "play": ("Play", "play_arrow"),
    "listen": ("Listen", "play_arrow"),
    "watch": ("Watch", "play_arrow"),
    "read": ("Read", "menu_book"),
    "download": ("Download", "download"),
    "like": ("Like", "thumb_up"),
    "favourite": ("Like", "thumb_up"),
    "favorite": ("Like", "thumb_up"),
    "bookmark": ("Save", "bookmark"),
    "save": ("Save", "bookmark"),
    "wishlist": ("Save for later", "bookmark"),
    "follow": ("Follow", "person_add"),
    "share": ("Share", "share"),
}
_OPENED = ("view", "click", "visit", "open")  # sent when an item's page is opened
_LIKES = (0, 1, 1)  # the scale of a data set whose manifest has none


def has_ratings(about: About) -> bool:
    """Return whether users rate items; else kinds of events say what they like."""
    return not about.kinds or (about.lowest, about.highest, about.step) != _LIKES


def buttons(about: About) -> tuple[KindButton, ...]:
    """Return a button for each kind that a user can choose, the one with most weight first."""
    if has_ratings(about):
        return ()
    chosen = [kind for kind in about.kinds if kind not in _OPENED]
    by_weight = sorted(chosen, key=lambda kind: (-about.kinds[kind].weight, kind))
    return tuple(
        KindButton(kind, *_USUAL.get(kind, (_readable(kind), "check"))) for kind in by_weight
    )


def opened(about: About) -> str | None:
    """Return the kind of event of opening an item's page; None if there is none."""
    if has_ratings(about):
        return None
    return next((kind for kind in _OPENED if kind in about.kinds), None)


def done(kind: str, about: About) -> str:
    """Return what the user did, such as "bought"; of a kind without such a word, its name."""
    meaning = about.kinds.get(kind)
    return (meaning.past if meaning else "") or f"did “{_readable(kind).lower()}” with"


def _readable(kind: str) -> str:
    return kind[:1].upper() + kind[1:].replace("_", " ")
