"""Components of the console's pages: the page's head, cards and tables."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.console.inline_errors import inline_errors


@dataclass(frozen=True)
class PageHead:
    """Containers below the page's title and at its right."""

    text: DeltaGenerator
    actions: DeltaGenerator


def page_head(title: str) -> PageHead:
    """Show a page's title; return where its caption and its buttons go."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
    ):
        text = st.container(gap="xxsmall", width="content")
        text.title(title, anchor=False)
        return PageHead(text, st.container(horizontal=True, width="content", gap="small"))


def table(rows: Sequence[dict[str, str]], alt: str) -> None:
    """Show rows whose cells are Markdown."""
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt=alt)


@contextmanager
def card(*, height: Literal["content", "stretch"] = "content") -> Iterator[None]:
    """Frame a part of the page. Its errors are shown inside; other cards still show."""
    with st.container(border=True, height=height), inline_errors():
        yield
