"""The app: its menu, and the choice of data set. `streamlit run dashboards/app.py` starts it."""

import streamlit as st

from dashboards import brand, pages
from dashboards.demo import choices, data

st.set_page_config(page_title="Lantern", page_icon=brand.ICON, layout="wide")
st.logo(brand.LOGO, size="large")

page = st.navigation(
    {
        "Discover": [pages.for_you(), pages.browse(), pages.ratings(), pages.item()],
        "Console": [pages.overview(), pages.models(), pages.rules()],
    },
    expanded=True,
)
with st.sidebar:
    choices.dataset_switch(data.titles())
page.run()
