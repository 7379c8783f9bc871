"""Components of the console's pages: headers, rows, figures, buttons, tables and cards."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import pages
from dashboards.console.badges import Colour
from dashboards.console.inline_errors import inline_errors
from dashboards.text import esc
from serving.schemas.base import MAX_FILTER_LENGTH


def page_head(title: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Show a page's title; return the containers of its caption and of its buttons."""
    with row(horizontal_alignment="distribute"):
        text = st.container(gap="xxsmall", width="content")
        text.title(title, anchor=False)
        return text, row(width="content")


def row(**options: Any) -> DeltaGenerator:
    """Return a container whose elements are side by side and vertically centred."""
    return st.container(horizontal=True, vertical_alignment="center", **options)


def retrains_link() -> None:
    """Show the link to the page on which retrains are started."""
    st.page_link(
        pages.retrains(),
        label="Start retrain",
        icon=":material/play_arrow:",
        query_params=pages.address(),
    )


def take_linked(key: str, parameter: str, options: Collection[str], default: str | None) -> None:
    """Prepare a choice: at first the option that the address names, never one that is not there.

    `parameter` is that of the address. Without a `default` the choice begins with its own.
    """
    linked = st.query_params.get(parameter)
    if key not in st.session_state and linked in options:
        st.session_state[key] = linked
    if st.session_state.get(key) in options:
        return
    if default is None:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = default


def write_address(parameter: str, value: str, default: str) -> None:
    """Write what is chosen into the address, unless it is the default."""
    if value == default:
        st.query_params.pop(parameter, None)
    elif st.query_params.get(parameter) != value:
        st.query_params[parameter] = value


def inspector_link(user_id: str) -> None:
    """Show a link to a user in the Inspector."""
    st.page_link(
        pages.inspector(),
        label=f":gray[:small[Inspect {esc(user_id)}]]",
        icon=":material/troubleshoot:",
        query_params=pages.address() | {"user": user_id},
    )


def lineage_link(release_id: int) -> None:
    """Show the link to what a release was made from."""
    st.page_link(
        pages.lineage(),
        label=":gray[:small[Lineage]]",
        icon=":material/account_tree:",
        query_params=pages.address() | {"release": str(release_id)},
    )


def metric(
    label: str, value: str, delta: str | None = None, colour: Colour = "gray", **options: Any
) -> None:
    """Show a figure in a frame as high as its neighbours. The delta has no arrow by default."""
    options = {"delta_arrow": "off", **options}
    st.metric(label, value, delta, colour, border=True, height="stretch", **options)


def button(
    label: str, key: str, icon: str, on_click: Callable[..., None], *args: object, **options: Any
) -> None:
    """Show a button that calls `on_click` with `args`. `icon`: a name, or empty for none."""
    image = f":material/{icon}:" if icon else None
    st.button(label, key, icon=image, on_click=on_click, args=args, **options)


def icon_button(
    name: str, key: str, icon: str, on_click: Callable[..., None], *args: object, **options: Any
) -> None:
    """Show a button with only an icon. Its tooltip and screen readers say the name."""
    with st.container(width="content", key=f"icon_only-{key}"):
        button(esc(name), key, icon, on_click, *args, help=esc(name), **options)


def confirmation(key: str) -> None:
    """Show the message that an act left under this key, once, on the page that follows the act."""
    if message := st.session_state.pop(key, None):
        st.success(message, icon=":material/check_circle:")


def filter_field(label: str, key: str) -> None:
    """Show the field of a filter of items."""
    st.text_input(
        label,
        key=key,
        max_chars=MAX_FILTER_LENGTH,
        placeholder="All items",
        help="Such as `released >= 2000 and available`. Fields are `category`, `vendor`, "
        "`released` and the attributes of items. Texts are in quotes",
        persist_state="session",
    )


def table(rows: Sequence[dict[str, str]], alt: str) -> None:
    """Show rows whose cells are Markdown."""
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt=alt)


@contextmanager
def card(*, height: Literal["content", "stretch"] = "content") -> Iterator[None]:
    """Draw a frame. An error inside it is shown in the frame and does not stop the page."""
    with st.container(border=True, height=height), inline_errors():
        yield
