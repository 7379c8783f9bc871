"""Page "Backtest": how often a retrain would have paid off, and how recipes did over time."""

import streamlit as st

from dashboards import pages, product_api, ui
from dashboards.console import components, sources
from dashboards.console.access import page_of_dataset
from dashboards.console.backtest import client, reading, results, start
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import sign_in
from dashboards.text import esc
from warehouse import datasets

account, dataset, caption, actions = page_of_dataset("Backtest")
caption.caption(
    f"{esc(product_api.title(dataset))} · what a retrain at earlier times would have given users"
)
manifest = datasets.load_named(dataset)
if not manifest.has_times:
    with actions:
        sign_in.menu(account)
    ui.empty_state(
        "No backtest without times",
        "The events of this data set have no times, so it is unknown which came first. Name the "
        "column of times in the manifest (`time`), and ingest the files again.",
    )
    pages.end()

with actions:
    with inline_errors():
        active = client.active_runs(account, dataset)
        start.button(account, dataset, manifest.schedule.backtest, active)
    sign_in.menu(account)
with inline_errors():
    start.watch(account, dataset)

groups = None
with inline_errors():
    groups = reading.by_recipe(reading.figures(dataset))
if groups is None:
    pages.end()
if not groups:
    ui.empty_state(
        "No backtest yet",
        "A backtest trains the live recipe as of the start of earlier months, and evaluates it on "
        "the month after. The charts will appear here.",
    )
    pages.end()

live_recipe = None
with inline_errors():
    releases = sources.releases(dataset).value
    live_recipe = next((release.recipe for release in releases if release.live), None)
chosen_group = results.picker(groups, live_recipe)
figures, period = groups[chosen_group], chosen_group[0]
left, right = st.columns(2, gap="small")
with left, components.card(height="stretch"):
    results.show_cadence(figures, period)
with right, components.card(height="stretch"):
    results.show_time(figures, period)
with components.card():
    results.show_table(figures, period)
