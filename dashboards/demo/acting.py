"""What somebody does on the pages, each a callback of a widget, and what became of it.

A callback draws nothing: it leaves a note and a toast, which the page shows when it runs next.
Somebody new gets an id with the first thing that he does.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
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
T = TypeVar("T")

_NOTE, _TOAST, _TOUCHED, _TOKENS = "note", "toast", "touched", "tokens"
_WHERE = "where"
_WHOLE_PAGE = "whole_page"


@dataclass(frozen=True)
class Note:
    """What was done last, in words; `item_id` can be taken back. `words` are Markdown."""

    words: str
    item_id: str | None = None


def actions(rated: Sequence[RatedItem], about: About) -> Actions:
    """Return what can be done with a card, and the stars that were given."""
    given = {item.item_id: stars.of(item.rating, about) for item in rated}
    return Actions(rate, hide, given)


def rate(item: Item, key: str) -> None:
    """Write the stars that the widget `key` holds now; none takes the rating back."""
    chosen = st.session_state[key]
    if chosen is None:
        take_back(item)
        return
    given = stars.rating(chosen + 1, product_api.about(choices.dataset()).value)
    words = f"You gave **{esc(item.title)}** {plural('star', chosen + 1)}"
    _act(item, words, lambda api, who, intent: api.rate(
        who, item.item_id, given, idempotency_key=intent
    ))  # fmt: skip


def take_back(item: Item) -> None:
    """Take back what he said of an item: his rating, and that it shall be hidden."""
    words = f"**{esc(item.title)}** is as if you had said nothing"
    _act(item, words, lambda api, who, intent: api.unrate(
        who, item.item_id, idempotency_key=intent
    ), undo=False)  # fmt: skip


def hide(item: Item) -> None:
    """Keep an item off his lists."""
    words = f"**{esc(item.title)}** is off your lists"
    _act(item, words, lambda api, who, intent: api.hide(
        who, item.item_id, "not_interested", idempotency_key=intent
    ))  # fmt: skip


def undo() -> None:
    """Take back what was done last."""
    last = note()
    if last is None or last.item_id is None:
        return
    item = product_api.item(choices.dataset(), last.item_id)
    if item is not None:
        take_back(item.value)


def start() -> None:
    """Begin as somebody new, with an id of his own."""
    try:
        _started()
    except ApiError as error:
        _failed(error)


def forget() -> None:
    """Delete all that is known of the person, and begin as nobody."""
    dataset, who = choices.dataset(), choices.chosen_user()
    token = _tokens().get((dataset, who or ""))
    if who is None or token is None:
        return
    try:
        gone = product_api.client(dataset).erase(who, token=token)
    except ApiError as error:
        _failed(error)
        return
    product_api.clear_user_answers()
    st.session_state["user"] = choices.NEW_VISITOR
    said = f"You are forgotten: {plural('event', gone.n_events)} deleted"
    st.session_state[_NOTE] = Note(said)
    st.session_state[_TOAST] = (said, ":material/delete_forever:")


def can_be_forgotten() -> bool:
    """Whether this visitor may have himself forgotten: it was here that he began."""
    return (choices.dataset(), choices.chosen_user() or "") in _tokens()


def note() -> Note | None:
    """Return what was done last in this visit."""
    found: Note | None = st.session_state.get(_NOTE)
    return found


def touched() -> set[str]:
    """Return the items that something was done with since the page was opened."""
    found: set[str] = st.session_state.setdefault(_TOUCHED, set())
    return found


def arrive(place: str) -> None:
    """Begin a visit of a page, if somebody was elsewhere before: lists are in order again."""
    here = (place, choices.dataset(), choices.chosen_user())
    if st.session_state.get(_WHERE) != here:
        st.session_state[_WHERE] = here
        st.session_state[_TOUCHED] = set()


def say() -> None:
    """Show what was done last as a toast, once; run the whole page where it is about another."""
    if told := st.session_state.pop(_TOAST, None):
        st.toast(told[0], icon=told[1])
    if st.session_state.pop(_WHOLE_PAGE, False):
        st.rerun()


def _act(
    item: Item, words: str, write: Callable[[Client, str, str], object], *, undo: bool = True
) -> None:
    dataset = choices.dataset()
    try:
        who = choices.chosen_user() or choices.NEW_VISITOR
        before = product_api.recommendations(dataset, who, choices.LIST_LENGTH).value.items
        if who == choices.NEW_VISITOR:
            who = _started()
        api, intent = product_api.client(dataset), uuid4().hex
        _twice(lambda: write(api, who, intent))
        product_api.clear_user_answers()
        after = product_api.recommendations(dataset, who, choices.LIST_LENGTH).value.items
    except ApiError as error:
        _failed(error)
        return
    n = shelves.n_new(after, before)
    changed = f"Your list changed: {plural('new title', n)}" if n else "Your list stays as it is"
    touched().add(item.item_id)
    st.session_state[_NOTE] = Note(f"{words}. {changed}.", item.item_id if undo else None)
    st.session_state[_TOAST] = (changed, ":material/autorenew:")


def _twice(write: Callable[[], T]) -> T:
    """Try again once: the idempotency key makes sure that it counts once."""
    try:
        return write()
    except ApiUnavailableError:
        return write()


def _started() -> str:
    dataset = choices.dataset()
    new = product_api.client(dataset).create_user()
    _tokens()[dataset, new.user_id] = new.token
    st.session_state["user"] = new.user_id
    st.session_state[_WHOLE_PAGE] = True
    place, *_ = st.session_state.get(_WHERE, ("",))
    st.session_state[_WHERE] = (place, dataset, new.user_id)  # the same visit goes on
    return new.user_id


def _tokens() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = st.session_state.setdefault(_TOKENS, {})
    return found


def _failed(error: ApiError) -> None:
    log.warning("not written error=%s", error)
    away = isinstance(error, ApiUnavailableError)
    gone = isinstance(error, UserErasedError)
    why = (
        "the recommendation service does not answer; try again in a moment"
        if away
        else "this person asked to be forgotten"
        if gone
        else "the service refused it"
    )
    st.session_state[_NOTE] = Note(f":red[Not saved]: {why}.")
    st.session_state[_TOAST] = ("Not saved", ":material/cloud_off:")
