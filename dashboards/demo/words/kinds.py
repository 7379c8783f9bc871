"""The kinds of events in words: the buttons of a data set without ratings, and what users did."""

from collections.abc import Mapping

from dashboards.text import esc
from dashboards.ui import KindButton
from serving.schemas import About
from serving.schemas.catalogue import act_text, choice_text

_PLACEHOLDER = "\ue000"  # of Markdown that is not to be escaped

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
_OPENING_KINDS = ("view", "click", "visit", "open")  # sent when an item's page is opened
_BASKET_KINDS = ("cart", "add_to_cart")  # put an item into the basket


def buttons(about: About) -> tuple[KindButton, ...]:
    """Return a button for each kind that a user can choose, the largest weight first."""
    if about.has_ratings:
        return ()
    chosen = [kind for kind in about.kinds if kind not in _OPENING_KINDS]
    by_weight = sorted(chosen, key=lambda kind: (-about.kinds[kind].weight, kind))
    return tuple(
        KindButton(kind, *_BUTTONS.get(kind, (_readable(kind), "check"))) for kind in by_weight
    )


def card_button(about: About) -> KindButton | None:
    """Return the button on an item's card: the basket's, else the one with the largest weight."""
    return basket_button(about) or next(iter(buttons(about)), None)


def basket_button(about: About) -> KindButton | None:
    """Return the button that puts an item into the basket; None if the data set has no baskets."""
    return next((button for button in buttons(about) if button.kind in _BASKET_KINDS), None)


def purchase_button(about: About) -> KindButton | None:
    """Return the button that buys what is in the basket: of the positive kind with most weight."""
    positive = (button for button in buttons(about) if _is_purchase(button.kind, about))
    return next(positive, None)


def basket_kinds(about: About) -> tuple[str, ...]:
    """Return the kinds of events that put an item into the basket, or take it out as bought."""
    add = basket_button(about)
    if add is None:
        return ()
    return (add.kind, *(kind for kind in about.kinds if _is_purchase(kind, about)))


def opening_kind(about: About) -> str | None:
    """Return the kind of the event to send when an item's page is opened, if there is one."""
    if about.has_ratings:
        return None
    return next((kind for kind in _OPENING_KINDS if kind in about.kinds), None)


def past_act(kind: str, about: About, title: str) -> str:
    """Return what the user did with an item, such as "bought Alien"."""
    return act_text(about.kinds.get(kind), _readable(kind).lower(), title)


def past_act_markdown(kind: str, about: About, markdown: str) -> str:
    """Return what the user did as Markdown, with the item's title in Markdown."""
    return esc(past_act(kind, about, _PLACEHOLDER)).replace(_PLACEHOLDER, markdown)


def past_of_positive(about: About) -> str:
    """Return the past tense of the positive kind with most weight, such as "bought"."""
    return choice_text(about.kinds, has_ratings=about.has_ratings)


def _is_purchase(kind: str, about: About) -> bool:
    return (
        kind not in (*_BASKET_KINDS, *_OPENING_KINDS)
        and about.kinds[kind].positive_from is not None
    )


def _readable(kind: str) -> str:
    return kind[:1].upper() + kind[1:].replace("_", " ")
