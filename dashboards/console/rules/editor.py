"""The editor of slate rules: hidden and pinned items, a filter, boosts, caps and diversity."""

import re
from functools import partial

import streamlit as st

from dashboards import product_api, ui
from dashboards.console.components import button, filter_field, icon_button, row
from dashboards.console.rules import draft
from dashboards.text import esc, plural, with_code
from serving.errors import ApiError, RequestRefusedError
from serving.schemas import About, Item, RulesVersion, SlateRules
from serving.schemas.rules import CAP_WINDOW, MAX_PINS

MAX_RESULTS, MAX_QUERY_LENGTH = 5, 100
DEFAULT_BOOST = 0.1
_FIELD = re.compile(r"body\.(rules\.)?keep_if")
MAX_TITLES = 100  # number of hidden items whose titles are requested


def show(dataset: str, about: About, active: RulesVersion) -> None:
    """Show the draft as widgets."""
    with row(horizontal_alignment="distribute"):
        st.subheader("Edit rules", anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            _reset_buttons(active)
    left, right = st.columns(2, gap="medium")
    with left:
        _items(dataset, about)
    with right:
        _categories(about)
        _order()


def title_of(dataset: str, item_id: str) -> str:
    """Return an item's title, or its id if the API does not return the item."""
    try:
        item = product_api.item(dataset, item_id)
    except ApiError:
        return item_id
    return item.value.title if item else item_id


def refusal(error: RequestRefusedError) -> str:
    """Return why the API refused the rules, as Markdown, in the words of the editor."""
    return with_code(_FIELD.sub("Only items where", str(error)))


def _reset_buttons(active: RulesVersion) -> None:
    tertiary = partial(button, type="tertiary")
    tooltip = "Load the active rules into the editor"
    tertiary("Reset to active", "draft_reset", "undo", draft.restart, active, help=tooltip)
    tooltip = "Remove all rules from the draft. Nothing changes until you activate it"
    tertiary("Clear", "draft_clear", "ink_eraser", draft.fill, SlateRules(), help=tooltip)


def _items(dataset: str, about: About) -> None:
    noun = about.item_noun
    q = st.text_input(
        f"{plural(noun).capitalize()} to hide or pin",
        placeholder="Search titles",
        icon=":material/search:",
        type="search",
        key="draft_q",
        live="300ms",
        max_chars=MAX_QUERY_LENGTH,
    )
    if q and q.strip():
        _results(product_api.items(dataset, q.strip(), None, MAX_RESULTS, 0).value.items, noun)
    hidden = st.session_state[draft.HIDE]
    if hidden:
        labels = _labels(dataset, hidden)
        st.multiselect(
            "Hidden from every list and shelf",
            hidden,
            key=draft.HIDE,
            format_func=lambda item_id: labels.get(item_id, item_id),
            persist_state="session",
        )
    if st.session_state[draft.PIN]:
        st.caption("Pinned, with rank")
        for item_id in st.session_state[draft.PIN]:
            _pin(dataset, item_id)
    if not hidden and not st.session_state[draft.PIN]:
        st.caption(f"No {plural(noun)} hidden or pinned. Search for a title to add one.")


def _results(items: tuple[Item, ...], noun: str) -> None:
    if not items:
        st.caption(f"No matching {plural(noun)}. Try the first letters of a word in the title.")
    for item in items:
        with row(gap="xsmall", wrap=False):
            st.markdown(f"{esc(item.title)} :gray[:small[{ui.facts(item)}]]", width="stretch")
            for verb, icon, change in (
                ("Hide", "visibility_off", draft.hide), ("Pin", "push_pin", draft.pin)
            ):  # fmt: skip
                name, key, item_id = f"{verb} {item.title}", f"draft_{verb.lower()}", item.item_id
                disabled = item_id in st.session_state[key]
                icon_button(name, f"{key}_{item_id}", icon, change, item_id, disabled=disabled)


def _pin(dataset: str, item_id: str) -> None:
    with row(gap="xsmall", wrap=False):
        title = title_of(dataset, item_id)
        st.number_input(
            f"Rank of {title}",  # read by screen readers only, so not escaped
            min_value=1,
            max_value=MAX_PINS,
            step=1,
            key=draft.rank_key(item_id),
            label_visibility="collapsed",
            width=110,
            persist_state="session",
        )
        st.markdown(esc(title), width="stretch")
        name, key = f"Remove the pin of {title}", f"draft_unpin_{item_id}"
        icon_button(name, key, "close", draft.unpin, item_id, type="tertiary")


def _categories(about: About) -> None:
    boosted = st.multiselect(
        "Boosted or demoted categories",
        list(dict.fromkeys([*about.categories, *st.session_state[draft.BOOST]])),
        key=draft.BOOST,
        placeholder="No boosts",
        persist_state="session",
    )
    for category in boosted:
        st.session_state.setdefault(draft.boost_key(category), DEFAULT_BOOST)
        st.slider(
            esc(category),
            -1.0,
            1.0,
            step=0.05,
            format="%+.2f",
            key=draft.boost_key(category),
            persist_state="session",
        )
    if boosted:
        st.caption(
            "+1 adds the score difference between a user's rank 1 and rank 100; 0.05 to 0.3 is "
            "typical. Negative values demote."
        )


def _order() -> None:
    filter_field("Only items where", draft.KEEP_IF)
    with st.grid(2, min_column_width=180):
        for noun, key in (("category", draft.PER_CATEGORY), ("vendor", draft.PER_VENDOR)):
            st.number_input(
                f"Maximum per {noun}",
                min_value=1,
                max_value=CAP_WINDOW,
                value=None,
                step=1,
                key=key,
                placeholder="No cap",
                help=f"In any {CAP_WINDOW} consecutive ranks",
                persist_state="session",
            )
    st.slider(
        "Diversity",
        0.0,
        1.0,
        step=0.05,
        key=draft.DIVERSITY,
        help="0 ranks by score only; 1 ranks by how much an item's categories differ from those "
        "of the previous ranks",
        persist_state="session",
    )
    st.toggle(
        "Available items only",
        key=draft.ONLY_AVAILABLE,
        help="Leave out items that your product has reported as unavailable",
        persist_state="session",
    )


def _labels(dataset: str, item_ids: list[str]) -> dict[str, str]:
    """Return a unique label for each item, as the browser identifies an option by its label."""
    labels: dict[str, str] = {}
    for item_id in item_ids[:MAX_TITLES]:
        title = " ".join(title_of(dataset, item_id).split())
        labels[item_id] = f"{title} ({item_id})" if title in labels.values() else title
    return labels
