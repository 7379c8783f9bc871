"""Undo what a visitor did."""

from collections.abc import Sequence

from dashboards import choices, product_api
from dashboards.demo import visit
from dashboards.demo.feedback import saving
from dashboards.demo.words import stars
from dashboards.identity import visitors
from dashboards.text import esc, plural
from serving.errors import ApiError, ApiUnavailableError, FeedbackChangedError
from serving.schemas import About, FeedbackState


def undo(*sent: visit.Act) -> None:
    """Restore what the events replaced, for the user who sent them."""
    state = undo_all(sent)
    if state is None:
        return
    about = product_api.about(sent[0].dataset).value
    text = f"Undone for {plural(about.item_noun, len(sent))}."
    if len(sent) == 1:
        text = restored(state, f"**{esc(sent[0].item.title)}**", about)
    visit.report(visit.Message(text), ("Undone", ":material/undo:"))


def undo_all(sent: Sequence[visit.Act]) -> FeedbackState | None:
    """Undo events; return the state of the last one's item. A failure is shown: None."""
    if not all(visitors.may_act_as(act.user_id, act.dataset) for act in sent):
        visit.report(visit.Message("Nothing was undone: you have been signed out."))
        return None
    if not saving.may_act(len(sent)):
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
        saving.report_failure(error, "Not undone")
        return None
    finally:
        product_api.clear_user_answers()
    saving.redraw_basket(product_api.about(choices.dataset()).value)
    return state


def _take_back(sent: visit.Act) -> FeedbackState:
    api = product_api.client(sent.dataset)
    try:
        return api.undo(sent.user_id, sent.event_id).current
    except ApiUnavailableError:  # a repeated undo changes nothing
        return api.undo(sent.user_id, sent.event_id).current


def restored(state: FeedbackState, title: str, about: About) -> str:
    """Return a sentence on what an undo restored. `title` is Markdown."""
    if not about.has_ratings:
        return f"{title} is hidden again." if state.hidden else f"Undone for {title}."
    if state.rating is not None:
        given = plural("star", stars.of(state.rating, about))
        return f"{title} has your {given} again" + (", and is hidden." if state.hidden else ".")
    return f"{title} is hidden again." if state.hidden else f"{title} is neither rated nor hidden."
