"""The buttons of a data set without ratings: one for each kind of event, such as "Buy"."""

from collections.abc import Mapping

from dashboards.ui import KindButton
from serving.schemas import About

# Label and icon of the button, by usual names of kinds.
_BUTTONS: Mapping[str, tuple[str, str]] = {
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
_OPENINGS = ("view", "click", "visit", "open")  # sent when an item's page is opened
_BASKETS = ("cart", "add_to_cart")


def buttons(about: About) -> tuple[KindButton, ...]:
    """Return a button for each kind that a user can choose, the largest weight first."""
    if about.has_ratings:
        return ()
    chosen = [kind for kind in about.kinds if kind not in _OPENINGS]
    by_weight = sorted(chosen, key=lambda kind: (-about.kinds[kind].weight, kind))
    return tuple(
        KindButton(kind, *_BUTTONS.get(kind, (_readable(kind), "check"))) for kind in by_weight
    )


def on_card(about: About) -> KindButton | None:
    """Return the button of a card: the basket's, or the one with the largest weight."""
    shown = buttons(about)
    basket = next((button for button in shown if button.kind in _BASKETS), None)
    return basket or next(iter(shown), None)


def opening_kind(about: About) -> str | None:
    """Return the kind of the event to send when an item's page is opened, if there is one."""
    if about.has_ratings:
        return None
    return next((kind for kind in _OPENINGS if kind in about.kinds), None)


def past(kind: str, about: About) -> str:
    """Return what the user did, such as "bought"; if the data set has no such word, the kind."""
    meaning = about.kinds.get(kind)
    return (meaning.past if meaning else "") or f"did “{_readable(kind).lower()}” with"


def taken(about: About) -> str:
    """Return what users did with items that are taken together: of the kind with most weight."""
    if about.has_ratings:
        return "liked"
    positive = [kind for kind in about.kinds if about.kinds[kind].positive_from is not None]
    strongest = min(positive, key=lambda kind: (-about.kinds[kind].weight, kind), default="")
    meaning = about.kinds.get(strongest)
    return (meaning.past if meaning else "") or "chosen"


def _readable(kind: str) -> str:
    return kind[:1].upper() + kind[1:].replace("_", " ")
