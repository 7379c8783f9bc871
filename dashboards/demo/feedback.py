"""The callbacks of rating, hiding, undoing and deleting.

A callback draws nothing: it stores a message and a toast, which the page shows on its next run.
A visitor's own user is created with their first action.
"""

import logging
from collections.abc import Callable, Sequence
from uuid import uuid4

import streamlit as st

from dashboards import choices, product_api
from dashboards.demo import placed, shelves, visit
from dashboards.demo.words import kinds, stars
from dashboards.identity import visitors
from dashboards.text import esc, plural
from dashboards.ui import Actions
from serving.client import Client
from serving.errors import (
    ApiError,
    ApiUnavailableError,
    FeedbackChangedError,
    TooManyRequestsError,
    UserErasedError,
)
from serving.schemas import About, FeedbackState, Item, NewEvent, RatingsPage

log = logging.getLogger(__name__)
# Takes the client, the user and an idempotency key; returns the event's id.
Write = Callable[[Client, str, str], str]


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
    did = f"You {kinds.past_act_markdown(kind, about, f'**{esc(item.title)}**')}"
    _save(item, did, _event(item, kind, _quantity(kind, n, about)))
    _redraw_basket(about)


def act_on_all(pairs: Sequence[tuple[Item, int]], kind: str) -> None:
    """Save an event of a kind for each item with its number of pieces, such as an order."""
    about = product_api.about(choices.dataset()).value
    pieces = plural(about.item_noun, sum(n for _, n in pairs))
    did = f"You {kinds.past_act_markdown(kind, about, pieces)}"
    events = [(item, _event(item, kind, _quantity(kind, n, about))) for item, n in pairs]
    _save_all(events, did)
    _redraw_basket(about)


def remove(item: Item, kind: str, n: int, event_ids: Sequence[str]) -> None:
    """Take an item with all its pieces out of the basket: undo the events that put it there."""
    dataset, user_id = choices.dataset(), choices.user()
    sent = [visit.Act(dataset, user_id, item, event_id) for event_id in event_ids]
    if _undone(sent) is None:
        return
    removal = visit.Removal(item, kind, n)
    text = f"**{esc(item.title)}** was removed from your basket."
    visit.report(visit.Message(text, removal=removal), ("Removed", ":material/delete:"))


def open_item(item: Item, kind: str) -> None:
    """Save that the user opened an item's page. A failure is logged, not shown."""
    if not visitors.may_act():
        return
    try:
        _written(choices.dataset(), _event(item, kind))
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
    _save(
        item,
        f"You gave **{esc(item.title)}** {plural('star', index + 1)}",
        lambda api, user, key: api.rate(user, item.item_id, rating, idempotency_key=key).event_id,
    )


def hide(item: Item) -> None:
    """Exclude an item from the user's lists."""
    _save(
        item,
        f"**{esc(item.title)}** won't be suggested again",
        lambda api, user, key: (
            api.hide(user, item.item_id, "not_interested", idempotency_key=key).event_id
        ),
    )


def remove_rating(item: Item) -> None:
    """Remove the user's rating of an item. An item that was hidden as well is shown again."""
    _save(
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

    _save(item, f"**{esc(item.title)}** is no longer hidden", write)


def undo_hide(item: Item) -> None:
    """Undo the hide of a card that was hidden since the page was opened; else show the item."""
    sent = visit.acts().get(item.item_id)
    if sent is None:
        show_again(item)
    else:
        undo(sent)


def undo(*sent: visit.Act) -> None:
    """Restore what the events replaced, for the user who sent them."""
    state = _undone(sent)
    if state is None:
        return
    about = product_api.about(sent[0].dataset).value
    text = f"Undone for {plural(about.item_noun, len(sent))}."
    if len(sent) == 1:
        text = restored(state, f"**{esc(sent[0].item.title)}**", about)
    visit.report(visit.Message(text), ("Undone", ":material/undo:"))


def _undone(sent: Sequence[visit.Act]) -> FeedbackState | None:
    """Undo events; return the state of the last one's item. A failure is reported: None."""
    if not _may_act(len(sent)):
        return None
    state = None
    try:
        for act in sent:
            state = _take_back(act)
            visit.acts()[act.item.item_id] = None
    except FeedbackChangedError:
        title = f"**{esc(act.item.title)}**"
        text = f"Nothing was undone: {title} has been changed since, maybe in another tab."
        visit.report(visit.Message(text))
        return None
    except ApiError as error:
        _report_failure(error, "Not undone")
        return None
    finally:
        product_api.clear_user_answers()
    _redraw_basket(product_api.about(choices.dataset()).value)
    return state


def _take_back(sent: visit.Act) -> FeedbackState:
    api = product_api.client(sent.dataset)
    try:
        return api.undo(sent.user_id, sent.event_id).current
    except ApiUnavailableError:  # a repeated undo changes nothing
        return api.undo(sent.user_id, sent.event_id).current


def _redraw_basket(about: About) -> None:
    """Draw the page again with the menu, which has the number of pieces in the basket."""
    if kinds.basket_button(about):
        visit.redraw()


def restored(state: FeedbackState, title: str, about: About) -> str:
    """Return a sentence on what an undo restored. `title` is Markdown."""
    if not about.has_ratings:
        return f"{title} is hidden again." if state.hidden else f"Undone for {title}."
    if state.rating is not None:
        given = plural("star", stars.of(state.rating, about))
        return f"{title} has your {given} again" + (", and is hidden." if state.hidden else ".")
    return f"{title} is hidden again." if state.hidden else f"{title} is neither rated nor hidden."


def own_data() -> Callable[[], str]:
    """Return a function that returns all that the API has about the visitor's own user, as JSON.

    Streamlit calls it for each click, outside the session, where no visitor's browser is known.

    Raises (the function):
        TooManyRequestsError: there were too many downloads in this hour.
        ApiError: as of `serving.client`.
    """
    dataset = choices.dataset()
    api, token = product_api.client(dataset), visitors.token(dataset)
    user_id, browser = visitors.own_user(dataset), visitors.browser()

    def exported() -> str:
        if not visitors.BROWSERS.may_download(browser, visitors.DOWNLOADS_PER_HOUR):
            raise TooManyRequestsError("You have downloaded your data too often this hour")
        api.register(user_id, token)
        return api.export(user_id, token=token).model_dump_json(indent=2)

    return exported


def delete_data() -> None:
    """Delete the data of the visitor's own user; the visitor is a new user from then on."""
    dataset = choices.dataset()
    user_id = visitors.own_user(dataset)
    try:
        api = product_api.client(dataset)
        token = api.register(user_id, visitors.token(dataset)).token
        erasure = api.erase(user_id, token=token)
    except ApiError as error:
        _report_failure(error, "Not deleted")
        return
    product_api.forget_user(dataset, user_id)
    visitors.leave()
    visit.continue_as(choices.user())
    text = f"Your data was deleted ({plural('recorded action', erasure.n_events)})"
    visit.report(visit.Message(f"{text}."), (text, ":material/delete_forever:"))


def _save(item: Item, text: str, write: Write) -> None:
    _save_all([(item, write)], text)


def _save_all(writes: Sequence[tuple[Item, Write]], text: str) -> None:
    """Write events in their order. After a failure, those before it are saved and no others."""
    if not _may_act(len(writes)):
        return
    dataset, user_id = choices.dataset(), choices.user()
    sent = list[visit.Act]()
    try:
        before = _list(dataset, user_id)
        for item, write in writes:
            user_id, event_id = _written_as_anew(dataset, write)
            sent.append(visit.Act(dataset, user_id, item, event_id))
    except ApiError as error:
        product_api.clear_user_answers()
        _report_failure(error)
        return
    product_api.clear_user_answers()
    visit.acts().update({act.item.item_id: act for act in sent})
    change = _change_of_list(dataset, user_id, before)
    message = visit.Message(f"{text}. {change}.", tuple(sent))
    visit.report(message, (change, ":material/autorenew:"))


def _quantity(kind: str, n: int, about: About) -> int | None:
    """Return the value of an event with `n` pieces; None if values of the kind are no quantities.

    Without a value, an event is of one piece.
    """
    return n if n > 1 and about.kinds[kind].value == "count" else None


def _event(item: Item, kind: str, value: int | None = None) -> Write:
    def write(api: Client, user: str, key: str) -> str:
        event = NewEvent(kind=kind, user_id=user, item_id=item.item_id, event_id=key, value=value)
        return api.send_event(event)

    return write


def _written_as_anew(dataset: str, write: Write) -> tuple[str, str]:
    """Write an event; as a new user if the visitor's data was deleted meanwhile."""
    try:
        return _written(dataset, write)
    except UserErasedError:
        if visitors.viewed_user():
            raise
        visitors.leave()  # the app has forgotten since that it deleted the data
        visit.continue_as(choices.user())
        return _written(dataset, write)


def _written(dataset: str, write: Write) -> tuple[str, str]:
    """Write an event; return its user and its id. The visitor's own user is created if needed."""
    api, user_id, key = product_api.client(dataset), choices.user(), uuid4().hex
    if not visitors.viewed_user():
        api.register(user_id, visitors.token(dataset))
    try:
        return user_id, write(api, user_id, key)
    except ApiUnavailableError:  # the idempotency key prevents a second event
        return user_id, write(api, user_id, key)


def _may_act(n: int) -> bool:
    """Return whether the visitor may send `n` more events; if not, report it."""
    if visitors.may_act(n):
        return True
    text = "You have reached this hour's limit of changes. Try again later."
    visit.report(visit.Message(f":red[Not saved.] {text}"), ("Not saved", ":material/hourglass:"))
    return False


def _change_of_list(dataset: str, user_id: str, before: Sequence[Item]) -> str:
    """Return how the user's list differs from the one before."""
    try:
        after = _list(dataset, user_id)
    except ApiError as error:
        log.warning("list not read after an action error=%s", error)
        return "Your list will change in a moment"
    if not before and not after:
        return "Saved"  # the home page has no shelf with the user's list
    n = shelves.n_new(after, before)
    noun = product_api.about(dataset).value.item_noun
    return f"Your list has {plural(f'new {noun}', n)}" if n else "Your list hasn't changed"


def _list(dataset: str, user_id: str) -> Sequence[Item]:
    """Return the user's list as the home page shows it."""
    about = product_api.about(dataset).value
    home = placed.answer(dataset, placed.HOME, user_id, about).value
    return placed.items(placed.of_user(home))


def _report_failure(error: ApiError, failure: str = "Not saved") -> None:
    log.warning("action failed result=%r error=%s", failure, error)
    if isinstance(error, ApiUnavailableError):
        reason = "The recommendation service is not responding. Try again in a moment."
    elif isinstance(error, UserErasedError):
        reason = "This user's data was deleted."
    else:
        reason = "The recommendation service rejected the change."
    visit.report(visit.Message(f":red[{failure}.] {reason}"), (failure, ":material/cloud_off:"))
