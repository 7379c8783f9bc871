"""The callbacks of widgets: rating, hiding, buying, and taking out of the basket.

A callback draws nothing: it stores a message and a toast, which the page shows on its next run.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboards import choices, product_api
from dashboards.demo import visit
from dashboards.demo.feedback import saving, undoing
from dashboards.demo.feedback.saving import Write
from dashboards.demo.words import kinds, stars
from dashboards.identity import visitors
from dashboards.text import esc, plural
from dashboards.ui import Actions
from serving.client import Client
from serving.errors import ApiError
from serving.schemas import About, Item, NewEvent, RatingsPage

log = logging.getLogger(__name__)
SAME_VIEW = timedelta(minutes=30)  # after it, an opened page is another view, as in web analytics


def card_actions(ratings: RatingsPage, about: About) -> Actions:
    """Return the callbacks of a card, and what the user gave and hid."""
    return Actions(
        rate=rate,
        hide=hide,
        show=undo_hide,
        stars={item.item_id: stars.of(item.rating, about) for item in ratings.items},
        hidden=frozenset(item.item_id for item in ratings.hidden),
        act=act,
        buttons=kinds.buttons(about),
        on_card=kinds.card_button(about),
    )


def act(item: Item, kind: str, n: int = 1) -> None:
    """Save an event of one of the data set's kinds, such as a purchase of `n` pieces."""
    about = product_api.about(choices.dataset()).value
    _send(item, kind, [event(item, kind, _quantity(kind, n, about))])


def act_on_pieces(item: Item, kind: str, n: int) -> None:
    """Save `n` pieces of an item: one event, or one for each if values are no quantities."""
    about = product_api.about(choices.dataset()).value
    counts = about.kinds[kind].value == "count"
    _send(item, kind, [event(item, kind, _quantity(kind, n, about))] * (1 if counts else n))


def act_on_all(pairs: Sequence[tuple[Item, int]], kind: str) -> None:
    """Save an event of a kind for each item with its number of pieces, such as an order."""
    about = product_api.about(choices.dataset()).value
    pieces = plural(about.item_noun, sum(n for _, n in pairs))
    did = f"You {kinds.past_act_markdown(kind, about, pieces)}"
    events = [(item, event(item, kind, _quantity(kind, n, about))) for item, n in pairs]
    saving.save_all(events, did, toast=did)
    saving.redraw_basket(about)


def open_item(item: Item, kind: str) -> None:
    """Save that the user opened an item's page, unless they had opened it shortly before.

    So a reload, the browser's back button and a second tab are no further views. A failure is
    logged, not shown.
    """
    dataset = choices.dataset()
    try:
        if _was_opened(dataset, item, kind) or not visitors.may_act():
            return
        saving.send(dataset, event(item, kind))
    except ApiError as error:
        log.info("not saved that a page was opened error=%s", error)
    product_api.clear_user_answers()


def rate(item: Item, key: str) -> None:
    """Save the stars of the widget `key`; cleared stars remove the rating."""
    index = st.session_state[key]
    if index is None:
        remove_rating(item)
        return
    rating = stars.rating(index + 1, product_api.about(choices.dataset()).value)
    saving.save(
        item,
        f"You gave **{esc(item.title)}** {plural('star', index + 1)}",
        lambda api, user, key: api.rate(user, item.item_id, rating, idempotency_key=key).event_id,
    )


def hide(item: Item) -> None:
    """Exclude an item from the user's lists."""
    saving.save(
        item,
        f"**{esc(item.title)}** won't be suggested again",
        lambda api, user, key: (
            api.hide(user, item.item_id, "not_interested", idempotency_key=key).event_id
        ),
    )


def remove_rating(item: Item) -> None:
    """Remove the user's rating of an item. An item that was hidden as well is shown again."""
    saving.save(
        item,
        f"Your rating of **{esc(item.title)}** was removed",
        lambda api, user, key: api.unrate(user, item.item_id, idempotency_key=key).event_id,
    )


def show_again(item: Item) -> None:
    """Stop hiding an item. The user's rating of it is kept: it is sent again."""

    def write(api: Client, user: str, key: str) -> str:
        given = product_api.rating(choices.dataset(), user, item.item_id)
        if given is None:
            return api.unrate(user, item.item_id, idempotency_key=key).event_id
        return api.rate(user, item.item_id, given, idempotency_key=key).event_id

    saving.save(item, f"**{esc(item.title)}** is no longer hidden", write)


def undo_hide(item: Item) -> None:
    """Undo the hide of a card that was hidden since the page was opened; else show the item."""
    sent = visit.acts().get(item.item_id)
    if sent is None:
        show_again(item)
    else:
        undoing.undo(sent)


def event(
    item: Item, kind: str, value: int | None = None, occurred_at: datetime | None = None
) -> Write:
    """Return what sends an event of one of the data set's kinds; without a time, of now."""

    def write(api: Client, user: str, key: str) -> str:
        sent = NewEvent(
            kind=kind,
            user_id=user,
            item_id=item.item_id,
            event_id=key,
            value=value,
            occurred_at=occurred_at,
        )
        return api.send_event(sent)

    return write


def _send(item: Item, kind: str, writes: Sequence[Write]) -> None:
    about = product_api.about(choices.dataset()).value
    did = f"You {kinds.past_act_markdown(kind, about, f'**{esc(item.title)}**')}"
    saving.save_all([(item, write) for write in writes], did, toast=did)
    saving.redraw_basket(about)


def _quantity(kind: str, n: int, about: About) -> int | None:
    """Return the value of an event with `n` pieces; None if values of the kind are no quantities.

    Without a value, an event is of one piece.
    """
    return n if n > 1 and about.kinds[kind].value == "count" else None


def _was_opened(dataset: str, item: Item, kind: str) -> bool:
    """Return whether the user has a view of the item that is younger than `SAME_VIEW`.

    Raises:
        ApiError: as of `product_api`.
    """
    since = datetime.now(UTC) - SAME_VIEW
    views = product_api.events(dataset, choices.user(), (kind,)).value.items
    return any(view.item_id == item.item_id and view.occurred_at > since for view in views)
