"""Page "Data": what the last ingest did, the rows in quarantine, and the tables of the lake."""

import streamlit as st

from dashboards import choices, product_api, states
from dashboards.console import components, data, lake_data
from dashboards.console.access import require_access
from dashboards.console.inline_errors import inline_errors
from dashboards.console.lake import details, last_ingest, reading, rejected, tables, upload
from dashboards.console.signing_in import sign_in
from dashboards.text import esc

operator = sign_in.operator()
caption, actions = components.page_head("Data")
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
require_access(operator, dataset, actions)
caption.caption(
    f"{esc(product_api.title(dataset))} · what arrived, what was rejected, what is kept"
)
with actions:
    with inline_errors():
        upload.button(operator, dataset)
        last_ingest.start_button(operator, dataset)
    sign_in.menu(operator)

upload.confirmation()
live = None
with inline_errors():
    releases = data.releases(dataset).value
    live = next((release.retrain_id for release in releases if release.live), None)
with inline_errors():
    last_ingest.watch(operator, dataset)

with components.card():
    last_ingest.show(operator, dataset, reading.files(dataset))
with components.card():
    rejected.show(operator, dataset)
with components.card():
    stored = lake_data.tables(dataset, live)
    tables.show(stored)
    if stored:
        st.divider()
        details.show(dataset, tables.picker(stored))
