"""The callbacks of rating, hiding, undoing and deleting, and the message about the last action.

A callback draws nothing: it stores a message and a toast, which the page shows on its next run.
A new visitor gets a user id with their first action.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import streamlit as st

from dashboards import choices, product_api
from dashboards.demo import shelves, stars
from dashboards.text import esc, plural
from dashboards.ui import Actions
from serving.client import Client
from serving.errors import ApiError, ApiUnavailableError, UserErasedError
from serving.schemas import About, Item, RatedItem

log = logging.getLogger(__name__)
Write = Callable[[Client, str, str], object]  # takes the client, the user and an idempotency key

# Keys of the visit's state.
_MESSAGE, _TOAST, _TOUCHED, _TOKENS = "message", "toast", "touched", "tokens"
_VISIT, _RERUN_PAGE = "visit", "rerun_page"


@dataclass(frozen=True)
class Message:
    """What the last action did, as Markdown, and the callback that undoes it."""

    text: str
    undo: Callable[[], None] | None = None


def card_actions(rated: Sequence[RatedItem], about: About) -> Actions:
    """Return the callbacks of a card, and the stars of the items that the user rated."""
    return Actions(rate, hide, {item.item_id: stars.of(item.rating, about) for item in rated})


def rate(item: Item, key: str) -> None:
    """Save the stars of the widget `key`; cleared stars remove the rating."""
    index = st.session_state[key]
    if index is None:
        remove_rating(item)
        return
    rating = stars.rating(index + 1, product_api.about(choices.dataset()).value)
    _save(
        item,
        f"You gave **{esc(item.title)}** {plural('star', index + 1)}",
        lambda api, user, key: api.rate(user, item.item_id, rating, idempotency_key=key),
        undo=lambda: remove_rating(item),
    )


def hide(item: Item) -> None:
    """Exclude an item from the user's lists."""
    _save(
        item,
        f"**{esc(item.title)}** won't be suggested again",
        lambda api, user, key: api.hide(user, item.item_id, "not_interested", idempotency_key=key),
        undo=lambda: show_again(item),
    )


def remove_rating(item: Item) -> None:
    """Remove the user's rating of an item. An item that was hidden as well is shown again."""
    _clear(item, f"Your rating of **{esc(item.title)}** was removed")


def show_again(item: Item) -> None:
    """Stop hiding an item. A rating of it is removed as well."""
    _clear(item, f"**{esc(item.title)}** can be suggested again")


def start_as_new() -> None:
    """Create a user and switch to them."""
    try:
        _create_user()
    except ApiError as error:
        _report_failure(error, "No user created")


def delete_data() -> None:
    """Delete the user's data, and go on as a new visitor."""
    dataset, user_id = choices.dataset(), choices.user()
    token = _tokens().get((dataset, user_id))
    if token is None:
        return
    try:
        erasure = product_api.client(dataset).erase(user_id, token=token)
    except ApiError as error:
        _report_failure(error, "Not deleted")
        return
    product_api.forget_user(dataset, user_id)
    st.session_state["user"] = choices.NEW_VISITOR
    st.session_state[_RERUN_PAGE] = True  # the header, outside the fragment, shows the user
    text = f"Your data was deleted ({plural('recorded action', erasure.n_events)})"
    st.session_state[_MESSAGE] = Message(f"{text}.")
    st.session_state[_TOAST] = (text, ":material/delete_forever:")


def can_delete_data() -> bool:
    """Return whether this visit has the user's token: it was created here."""
    return (choices.dataset(), choices.user()) in _tokens()


def message() -> Message | None:
    """Return the message about the last action of this visit."""
    last: Message | None = st.session_state.get(_MESSAGE)
    return last


def touched() -> set[str]:
    """Return the ids of the items that were rated or hidden since the page was opened."""
    item_ids: set[str] = st.session_state.setdefault(_TOUCHED, set())
    return item_ids


def open_page(name: str) -> None:
    """Start with no touched items if another page, data set or user was shown before."""
    visit = (name, choices.dataset(), choices.user())
    if st.session_state.get(_VISIT) != visit:
        st.session_state[_VISIT] = visit
        st.session_state[_TOUCHED] = set()


def show_toast() -> None:
    """Rerun the page if the last action changed the user, then show the action's toast once."""
    if st.session_state.pop(_RERUN_PAGE, False):
        st.rerun()
    if toast := st.session_state.pop(_TOAST, None):
        text, icon = toast
        st.toast(text, icon=icon)


def _clear(item: Item, text: str) -> None:
    _save(item, text, lambda api, user, key: api.unrate(user, item.item_id, idempotency_key=key))


def _save(item: Item, text: str, write: Write, undo: Callable[[], None] | None = None) -> None:
    dataset, user_id = choices.dataset(), choices.user()
    try:
        before = product_api.recommendations(dataset, user_id, choices.LIST_LENGTH).value.items
        if user_id == choices.NEW_VISITOR:
            user_id = _create_user()
        api, key = product_api.client(dataset), uuid4().hex
        try:
            write(api, user_id, key)
        except ApiUnavailableError:  # the idempotency key prevents a second event
            write(api, user_id, key)
        product_api.clear_user_answers()
        after = product_api.recommendations(dataset, user_id, choices.LIST_LENGTH).value.items
    except ApiError as error:
        _report_failure(error)
        return
    n = shelves.n_new(after, before)
    change = f"Your list has {plural('new title', n)}" if n else "Your list hasn't changed"
    touched().add(item.item_id)
    st.session_state[_MESSAGE] = Message(f"{text}. {change}.", undo)
    st.session_state[_TOAST] = (change, ":material/autorenew:")


def _create_user() -> str:
    dataset = choices.dataset()
    new = product_api.client(dataset).create_user()
    _tokens()[dataset, new.user_id] = new.token
    st.session_state["user"] = new.user_id
    st.session_state[_RERUN_PAGE] = True
    page, *_ = st.session_state.get(_VISIT, ("",))
    st.session_state[_VISIT] = (page, dataset, new.user_id)  # the same visit continues
    return new.user_id


def _tokens() -> dict[tuple[str, str], str]:
    """Return the erasure tokens of the users created in this visit, by data set and user id."""
    tokens: dict[tuple[str, str], str] = st.session_state.setdefault(_TOKENS, {})
    return tokens


def _report_failure(error: ApiError, failure: str = "Not saved") -> None:
    log.warning("action failed result=%r error=%s", failure, error)
    if isinstance(error, ApiUnavailableError):
        reason = "The recommendation service is not responding. Try again in a moment."
    elif isinstance(error, UserErasedError):
        reason = "This user's data was deleted."
    else:
        reason = "The recommendation service rejected the change."
    st.session_state[_MESSAGE] = Message(f":red[{failure}.] {reason}")
    st.session_state[_TOAST] = (failure, ":material/cloud_off:")
