"""Page "Lineage": what the lists of a release were made from."""

from collections.abc import Sequence

import streamlit as st

from dashboards import pages, product_api, ui
from dashboards.console import (
    components,
    lake_data,
    runs,
    sources,
)
from dashboards.console.access import page_of_dataset
from dashboards.console.inline_errors import inline_errors
from dashboards.console.lineage import picture
from dashboards.console.signing_in import sign_in
from dashboards.text import NO_VALUE, esc, moment, plural
from serving.schemas import Release
from warehouse.lineage import Lineage, Source, Version

MAX_ROWS = 50

account, dataset, caption, actions = page_of_dataset("Lineage")
with actions:
    sign_in.menu(account)
title = product_api.title(dataset)
caption.caption(f"{esc(title)} · from the source files to the lists that users get")


def picked(releases: Sequence[Release]) -> Release:
    """Return the release that the account picks: first that of `?release=`, else the live one."""
    by_id = {release.release_id: release for release in releases}
    live = next((r.release_id for r in releases if r.live), releases[0].release_id)
    linked = st.query_params.get("release", "")
    first = int(linked) if linked.isdecimal() and int(linked) in by_id else live
    shown = st.selectbox(
        "Release",
        list(by_id),
        index=list(by_id).index(first),
        key="lineage_release",
        format_func=lambda number: _label(by_id[number]),
    )
    components.write_address("release", str(shown), str(live))
    return by_id[shown]


def _label(release: Release) -> str:
    state = "live" if release.live else f"ready {moment(release.ready_at)}"
    return f"Release {release.release_id} · {release.recipe} · {state}"


def show_figures(lineage: Lineage) -> None:
    """Show what became of the rows, and of which code."""
    sources = lineage.sources
    with st.grid(4, min_column_width=150):
        components.metric("Files and batches", f"{len(sources):,}")
        components.metric("Rows accepted", f"{sum(source.n_accepted for source in sources):,}")
        components.metric(
            "Rows quarantined", f"{sum(source.n_quarantined for source in sources):,}"
        )
        components.metric("Interactions learned", f"{lineage.n_ratings:,}")
    st.caption(
        f"Fitted {moment(lineage.fitted_at)} with the code of commit "
        f"{esc(lineage.code_commit[:12])}. Click a table or a job in the diagram to open it."
    )
    if not lineage.is_exact:
        st.info(
            "Exact counts are not available: users were erased since this fit, or it did not "
            "record its landings. These are today's counts.",
            icon=":material/info:",
        )


def show_versions(versions: Sequence[Version]) -> None:
    """Show the tables in words: the picture is small on a phone, and is no text."""
    ui.heading("Tables", ":gray[silver: read by the fit · gold: written by it]")
    rows = [
        {
            "Table": esc(version.table),
            "Version": NO_VALUE if version.version is None else str(version.version),
            "Rows": f"{version.n_rows:,}",
            "Written": moment(version.at) if version.at else NO_VALUE,
            "By": runs.actor(str(version.run_key)) if version.run_key else NO_VALUE,
        }
        for version in versions
    ]
    components.table(rows, "Tables with their version, rows, and the run that wrote them")


def show_sources(sources: Sequence[Source]) -> None:
    """Show the newest files with what became of their rows."""
    ui.heading("Files and batches", f":gray[{plural('landing', len(sources))}]")
    newest = list(reversed(sources))[:MAX_ROWS]
    rows = [
        {
            "File": esc(source.source_file),
            "Landed": f"{moment(source.landed_at)} · {runs.actor(str(source.run_key))}",
            "Rows": f"{source.n_rows:,}",
            "Accepted": f"{source.n_accepted:,}",
            "Duplicates": f"{source.n_duplicates:,}",
            "Quarantined": f"{source.n_quarantined:,}",
            "Dropped": f"{source.n_dropped:,}",
        }
        for source in newest
    ]
    components.table(rows, "Files with the number of their rows that were accepted or not")
    if len(sources) > MAX_ROWS:
        st.caption(f"The newest {MAX_ROWS} of {len(sources):,}.")


with inline_errors():
    releases = sources.releases(dataset).value
    if not releases:
        ui.empty_state(
            "No release yet",
            "The first retrain publishes the first release. Then this page shows the files, table "
            "versions and runs that it was made from.",
        )
        pages.end()
    release = picked(releases)
    lineage = lake_data.lineage(dataset, release.retrain_id)
    if lineage is None:
        ui.empty_state(
            "No record of this release",
            "The lake has no complete fit of its retrain, so its lineage is unknown.",
        )
        pages.end()
    with components.card():
        show_figures(lineage)
        drawn = picture.dot(lineage, release, title=title, colours=picture.colours())
        st.graphviz_chart(drawn, width="content")
    with components.card():
        show_versions([*lineage.read, *lineage.written])
    with components.card():
        show_sources(lineage.sources)
