"""A page that shows each text of `torture.TEXTS` in each place where pages show data."""

import pandas as pd
import streamlit as st

from dashboards import posters
from dashboards.posters import Poster
from dashboards.text import esc
from tests.support.dashboards.torture import TEXTS

for number, text in enumerate(TEXTS):
    literal = esc(text)
    with st.container(horizontal=True, key=f"row-{number}"):
        with st.container(width=200, key=f"button-{number}"):
            st.button(literal, key=f"b{number}", type="tertiary")
        with st.container(width=200, key=f"caption-{number}"):
            st.caption(literal)
        with st.container(width=200, key=f"markdown-{number}"):
            st.markdown(literal)
        with st.container(width=200, key=f"heading-{number}"):
            st.subheader(literal, anchor=False)
        with st.container(width=200, key=f"badge-{number}"):
            st.markdown(f":gray-badge[{literal}]")
        with st.container(width=200, key=f"cell-{number}"):
            st.table(pd.DataFrame({"t": [literal]}), hide_header=True, hide_index=True)
        with st.container(width=200, key=f"poster-{number}"):
            posters.show([Poster(text, text, "", "", "", "<svg/>")], f"p{number}", print)
