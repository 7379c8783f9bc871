"""The callbacks of the basket: another number of pieces, a removal, and what puts pieces back."""

from collections.abc import Sequence

import streamlit as st

from dashboards import choices, product_api
from dashboards.demo import visit
from dashboards.demo.basket import contents
from dashboards.demo.basket.contents import Line
from dashboards.demo.feedback import callbacks, saving, undoing
from dashboards.text import esc
from serving.errors import ApiError
from serving.schemas import Item, KindEvent


def set_number(line: Line, kind: str, key: str) -> None:
    """Change the number of pieces of a line to that in the widget `key`."""
    n = st.session_state[key]
    if n > line.n:
        callbacks.act_on_pieces(line.item, kind, n - line.n)
    elif n < line.n:
        take_out(line, kind, line.n - n)


def take_out(line: Line, kind: str, n: int) -> None:
    """Take `n` pieces of an item out of the basket: undo the newest events that put them there.

    If these had more pieces, the rest is put into the basket before, at the time of those events.
    """
    about = product_api.about(choices.dataset()).value
    events, rest = contents.newest_pieces(line.events, n, about)
    if rest and not _put_rest(line.item, events[-1], rest):
        return
    if not _undo(line.item, events):
        return
    text = f"**{esc(line.item.title)}** was removed from your basket."
    if n < line.n:
        text = f"**{esc(line.item.title)}**: {line.n - n} in your basket."
    removal = visit.Removal(line.item, kind, n)
    visit.report(visit.Message(text, removal=removal), ("Removed", ":material/delete:"))


def _put_rest(item: Item, event: KindEvent, n: int) -> bool:
    """Send an event like another one with `n` pieces; return whether it was saved."""
    if not saving.may_act(1):
        return False
    try:
        saving.send(choices.dataset(), callbacks.event(item, event.kind, n, event.occurred_at))
    except ApiError as error:
        saving.report_failure(error)
        return False
    return True


def _undo(item: Item, events: Sequence[KindEvent]) -> bool:
    dataset, user_id = choices.dataset(), choices.user()
    acts = [visit.Act(dataset, user_id, item, event.event_id) for event in events]
    return undoing.undo_all(acts) is not None
