"""The editor of slate rules: items by their titles, categories, caps, stock, diversity."""

import streamlit as st

from dashboards import product_api as demo
from dashboards import ui
from dashboards.console.rules import draft
from dashboards.text import esc, plural
from serving.errors import ApiError
from serving.schemas import About, Item, RulesVersion, SlateRules
from serving.schemas.rules import CAP_WINDOW, MAX_PINS

FOUND = 5  # items that a search shows
LONGEST_QUERY = 100
USUAL_BOOST = 0.1
TITLED = 100  # hidden items whose titles are asked for


def show(dataset: str, about: About, holds: RulesVersion) -> None:
    """Show the draft as widgets."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.subheader("Try other rules", anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            _ways_back(holds)
    left, right = st.columns(2, gap="medium")
    with left:
        _items(dataset, about)
    with right:
        _categories(about)
        _order()


def title_of(dataset: str, item_id: str) -> str:
    """Return an item's title; its id where the catalogue does not have it, or can't tell."""
    try:
        found = demo.item(dataset, item_id)
    except ApiError:
        found = None
    return found.value.title if found else item_id


def _ways_back(holds: RulesVersion) -> None:
    st.button(
        "As it is now",
        key="draft_reset",
        icon=":material/undo:",
        type="tertiary",
        help="Put the rules that hold back into the editor",
        on_click=draft.begin_again,
        args=(holds,),
    )
    st.button(
        "Clear",
        key="draft_clear",
        icon=":material/ink_eraser:",
        type="tertiary",
        help="No rules at all. Nothing changes for anybody until you let it hold",
        on_click=draft.fill,
        args=(SlateRules(),),
    )


def _items(dataset: str, about: About) -> None:
    noun = about.item_noun
    q = st.text_input(
        f"{plural(noun).capitalize()} to hide or pin",
        placeholder="Search titles",
        icon=":material/search:",
        type="search",
        key="draft_q",
        live="300ms",
        max_chars=LONGEST_QUERY,
    )
    if q and q.strip():
        _found(demo.items(dataset, q.strip(), None, FOUND, 0).value.items, noun)
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
        st.caption("Pinned, with the rank that everybody sees them at")
        for item_id in st.session_state[draft.PIN]:
            _pin(dataset, item_id)
    if not hidden and not st.session_state[draft.PIN]:
        st.caption(f"No {noun} is hidden or pinned. Search by the beginnings of a title's words.")


def _found(items: tuple[Item, ...], noun: str) -> None:
    if not items:
        st.caption(f"No {noun} has words that begin like this.")
    for item in items:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
            st.markdown(f"{esc(item.title)} :gray[:small[{ui.facts(item)}]]", width="stretch")
            st.button(
                "",
                key=f"draft_hide_{item.item_id}",
                icon=":material/visibility_off:",
                help="Hide from everybody",
                disabled=item.item_id in st.session_state[draft.HIDE],
                on_click=draft.hide,
                args=(item.item_id,),
            )
            st.button(
                "",
                key=f"draft_pin_{item.item_id}",
                icon=":material/push_pin:",
                help="Pin for everybody",
                disabled=item.item_id in st.session_state[draft.PIN],
                on_click=draft.pin,
                args=(item.item_id,),
            )


def _pin(dataset: str, item_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        title = title_of(dataset, item_id)
        st.number_input(
            f"Rank of {title}",  # for those who listen: it is not drawn, so not escaped
            min_value=1,
            max_value=MAX_PINS,
            step=1,
            key=draft.rank_key(item_id),
            label_visibility="collapsed",
            width=110,
            persist_state="session",
        )
        st.markdown(esc(title), width="stretch")
        st.button(
            "",
            key=f"draft_unpin_{item_id}",
            icon=":material/close:",
            type="tertiary",
            help="Take the pin away",
            on_click=draft.unpin,
            args=(item_id,),
        )


def _categories(about: About) -> None:
    chosen = st.multiselect(
        "Categories to push or to hold back",
        list(dict.fromkeys([*about.categories, *st.session_state[draft.BOOST]])),
        key=draft.BOOST,
        placeholder="Every category counts the same",
        persist_state="session",
    )
    for category in chosen:
        st.session_state.setdefault(draft.by_key(category), USUAL_BOOST)
        st.slider(
            esc(category),
            -1.0,
            1.0,
            step=0.05,
            format="%+.2f",
            key=draft.by_key(category),
            persist_state="session",
        )
    if chosen:
        st.caption(
            "1 is as much as lies between somebody's best and his hundredth; "
            "0.05 to 0.3 is usual. Below nought holds back."
        )


def _order() -> None:
    with st.grid(2, min_column_width=180):
        _cap("Most of one category", draft.PER_CATEGORY)
        _cap("Most of one vendor", draft.PER_VENDOR)
    st.slider(
        "Diversity",
        0.0,
        1.0,
        step=0.05,
        key=draft.DIVERSITY,
        help="0 heeds the score alone; 1 alone how little an item's categories are those of the "
        "ranks before it",
        persist_state="session",
    )
    st.toggle(
        "Only what is available",
        key=draft.ONLY_AVAILABLE,
        help="Leave out what the product says it does not have now",
        persist_state="session",
    )


def _cap(label: str, key: str) -> None:
    st.number_input(
        label,
        min_value=1,
        max_value=CAP_WINDOW,
        value=None,
        step=1,
        key=key,
        placeholder="No cap",
        help=f"Among any {CAP_WINDOW} neighbouring ranks",
        persist_state="session",
    )


def _labels(dataset: str, item_ids: list[str]) -> dict[str, str]:
    """Return what the hidden are called, each name once: the browser keeps a choice by it."""
    found: dict[str, str] = {}
    for item_id in item_ids[:TITLED]:
        title = " ".join(title_of(dataset, item_id).split())
        found[item_id] = f"{title} ({item_id})" if title in found.values() else title
    return found
