"""Send what a visitor does to the API, and report the result on the page.

A visitor's own user is created with their first action.
"""

import logging
from collections.abc import Callable, Sequence
from uuid import uuid4

from dashboards import choices, product_api
from dashboards.demo import placed, shelves, visit
from dashboards.demo.words import kinds
from dashboards.identity import visitors
from dashboards.text import plural
from serving.client import Client
from serving.errors import ApiError, ApiUnavailableError, TooManyChangesError, UserErasedError
from serving.schemas import About, Item

log = logging.getLogger(__name__)
# Takes the client, the user and an idempotency key; returns the event's id.
Write = Callable[[Client, str, str], str]


def save(item: Item, text: str, write: Write) -> None:
    """Send one event. `text` says what the user did, as Markdown without a full stop."""
    save_all([(item, write)], text)


def save_all(writes: Sequence[tuple[Item, Write]], text: str, *, toast: str | None = None) -> None:
    """Send events in their order. After a failure, those before it are saved and no others.

    The toast, which is seen wherever the page is scrolled to, says by default what became of the
    list.
    """
    if not may_act(len(writes)):
        return
    dataset, user_id = choices.dataset(), choices.user()
    sent = list[visit.Act]()
    try:
        before = _list(dataset, user_id)
        for item, write in writes:
            user_id, event_id = _send_or_start_anew(dataset, write)
            sent.append(visit.Act(dataset, user_id, item, event_id))
    except ApiError as error:
        product_api.clear_user_answers()
        report_failure(error)
        return
    product_api.clear_user_answers()
    visit.acts().update({act.item.item_id: act for act in sent})
    change = _change_of_list(dataset, user_id, before)
    message = visit.Message(f"{text}. {change}.", tuple(sent))
    of_list = (change, ":material/autorenew:")
    visit.report(message, (toast, ":material/check:") if toast else of_list)


def _send_or_start_anew(dataset: str, write: Write) -> tuple[str, str]:
    """Send an event; as a new user if the visitor's data was deleted meanwhile."""
    try:
        return send(dataset, write)
    except UserErasedError:
        if visitors.viewed_user():
            raise
        visitors.leave()  # the app has forgotten since that it deleted the data
        visit.continue_as(choices.user())
        return send(dataset, write)


def send(dataset: str, write: Write) -> tuple[str, str]:
    """Send an event; return its user and its id. The visitor's own user is created if needed."""
    api, user_id, key = product_api.client(dataset), choices.user(), uuid4().hex
    if not visitors.viewed_user():
        api.register(user_id, visitors.token(dataset))
    try:
        return user_id, write(api, user_id, key)
    except ApiUnavailableError:  # the idempotency key prevents a second event
        return user_id, write(api, user_id, key)


def may_act(n: int) -> bool:
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
    home = placed.home(dataset, user_id, about).value
    return placed.items(placed.of_user(home))


def report_failure(error: ApiError, failure: str = "Not saved") -> None:
    """Show that an action failed, and why."""
    log.warning("action failed result=%r error=%s", failure, error)
    if isinstance(error, TooManyChangesError):
        reason = "Another change is being saved. Try again in a moment."
    elif isinstance(error, ApiUnavailableError):
        reason = "The recommendation service is not responding. Try again in a moment."
    elif isinstance(error, UserErasedError):
        reason = "This user's data was deleted."
    else:
        reason = "The recommendation service rejected the change."
    visit.report(visit.Message(f":red[{failure}.] {reason}"), (failure, ":material/cloud_off:"))


def redraw_basket(about: About) -> None:
    """Draw the page again with the menu, which has the number of pieces in the basket."""
    if kinds.basket_button(about):
        visit.redraw()
