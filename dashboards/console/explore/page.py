"""Page "Explore": the tables of the lake, and queries on them. It only reads, so viewers may."""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.console import components, lake_data
from dashboards.console.access import require_access
from dashboards.console.explore import catalogue, editor, outcome, results
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import sign_in
from dashboards.text import esc

account = sign_in.account()
caption, actions = components.page_head("Explore")
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
caption.caption(f"{esc(product_api.title(dataset))} · query the lake in SQL")
require_access(account, dataset, actions, while_down="refuse")
with actions:
    sign_in.menu(account)

with inline_errors():
    tables = lake_data.tables(dataset, None)
    if not tables:
        ui.empty_state(
            "No data yet",
            "Start an ingest on the page Data. The tables that it fills are then listed here.",
        )
        pages.end()
    st.info(
        "User ids are personal data: copy them only where they may be. Queries are logged with "
        "your name.",
        icon=":material/shield_person:",
    )
    with components.card():
        if (request := editor.show()) is not None:
            outcome.run(account, dataset, request)
        results.show(dataset)
    with components.card():
        catalogue.show(dataset, tables)
