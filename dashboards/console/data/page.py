"""Page "Data": what the last ingest did, the rows in quarantine, and the tables of the lake."""

import streamlit as st

from dashboards import product_api
from dashboards.console import components, lake_data, sources
from dashboards.console.access import page_of_dataset
from dashboards.console.data import details, last_ingest, reading, rejected, tables, upload
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import sign_in
from dashboards.text import esc

account, dataset, caption, actions = page_of_dataset("Data")
caption.caption(
    f"{esc(product_api.title(dataset))} · what arrived, what failed a check, what is kept"
)
with actions:
    with inline_errors():
        upload.button(account, dataset)
        last_ingest.start_button(account, dataset)
    sign_in.menu(account)

components.confirmation(upload.DONE)
live = None
with inline_errors():
    releases = sources.releases(dataset).value
    live = next((release.retrain_id for release in releases if release.live), None)
with inline_errors():
    last_ingest.watch(account, dataset)

with components.card():
    last_ingest.show(account, dataset, reading.files(dataset))
with components.card():
    rejected.show(account, dataset)
with components.card():
    stored = lake_data.tables(dataset, live)
    tables.show(stored)
    if stored:
        st.divider()
        details.show(dataset, tables.picker(stored))
