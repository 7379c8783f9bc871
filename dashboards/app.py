"""The app: its menus and the choice of data set. `dashboards.server` serves it."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboards import brand, choices, menus, page_script, pages, product_api
from dashboards.console import menu
from dashboards.demo.basket import link


def _forget_unseen_fragments() -> None:
    """Forget the fragments that this run has not reached, as Streamlit does after complete runs.

    Otherwise a timer that ends now would draw such a fragment into a page that has no place for it,
    and the browser would show nothing but an error.
    """
    if context := get_script_run_ctx():
        seen = context.shared.new_fragment_ids.snapshot()
        context.fragment_storage.clear(new_fragment_ids=seen)


st.set_page_config(page_title="Lantern", page_icon=brand.ICON, layout="wide")
st.logo(brand.LOGO, size="large")

discover = [pages.for_you(), pages.browse(), link.page(), menus.own_data(), pages.item()]
sections = {
    "Console": [pages.overview()],
    "Models": [
        pages.retrains(), pages.models(), pages.backtest(), pages.releases(), pages.rules(),
        pages.placements(),
    ],
    "Data": [pages.data(), pages.lineage(), pages.explore(), pages.inspector()],
    "Platform": [pages.activity(), pages.maintenance()],
}  # fmt: skip
console = [page for shown in sections.values() for page in shown]
page = st.navigation({"Discover": discover, "Console": console}, position="hidden")
try:
    if page in console:
        with st.sidebar:
            menu.show(sections, page)
            menus.section("Discover", discover)
            choices.dataset_picker(product_api.titles())
    else:
        with menus.bar(discover):
            choices.dataset_picker(product_api.released_titles(), has_label=False)
    page.run()
except pages.Ended:
    page_script.run()
    _forget_unseen_fragments()
    raise
page_script.run()
