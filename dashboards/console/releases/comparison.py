"""What changed in the lists between two releases that the operator picks."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.data import Operator
from dashboards.console.inspector import links
from dashboards.console.releases import client
from dashboards.text import esc, plural
from serving.schemas import ItemShare, PastRelease, ReleaseChanges


def show(operator: Operator, dataset: str, releases: Sequence[PastRelease]) -> None:
    """Show the changes from one kept release to another; by default from the one before."""
    ui.heading("What changed in the lists")
    kept = [release.release_id for release in releases if release.kept]
    if len(kept) < 2:  # noqa: PLR2004 # two are compared
        st.caption("There is one release. The next one will be compared with it.")
        return
    live = next((release.release_id for release in releases if release.live), kept[0])
    after, before = _picked(kept, live)
    if after == before:
        st.caption("Choose two different releases.")
        return
    with st.spinner("Comparing lists…"):
        changes = client.changes(operator, dataset, after, before)
    _figures(changes)
    _items(changes)
    _examples(changes)


def _picked(kept: Sequence[int], live: int) -> tuple[int, int]:
    older = [release_id for release_id in kept if release_id < live]
    start = older[0] if older else next(each for each in kept if each != live)
    left, right = st.columns(2)
    before = left.selectbox(
        "From", kept, index=kept.index(start), key="compare_from", format_func=_label
    )
    after = right.selectbox(
        "To", kept, index=kept.index(live), key="compare_to", format_func=_label
    )
    return after, before


def _label(release_id: int) -> str:
    return f"Release {release_id}"


def _figures(changes: ReleaseChanges) -> None:
    with st.grid(4, min_column_width=150):
        components.metric("Users with other items", f"{changes.changed_share:.0%}")
        components.metric("New items per user", f"{changes.mean_new_items:.1f}")
        components.metric("Items that came", f"{changes.n_came:,}")
        components.metric("Items that went", f"{changes.n_went:,}")
    st.caption(
        f"First ten items of {plural('user', changes.n_users)} who are in both releases, before "
        "slate rules and newer feedback."
    )


def _items(changes: ReleaseChanges) -> None:
    left, right = st.columns(2, gap="medium")
    for column, title, items in (
        (left, "Listed more often", changes.gained),
        (right, "Listed less often", changes.lost),
    ):
        with column:
            st.markdown(f"**{title}**")
            if not items:
                st.caption("None.")
            else:
                components.table([_row(item) for item in items], f"{title}: items with shares")


def _row(item: ItemShare) -> dict[str, str]:
    return {
        "Item": esc(item.title),
        "Before": f"{item.before:.1%}",
        "After": f"{item.after:.1%}",
    }


def _examples(changes: ReleaseChanges) -> None:
    if not changes.examples:
        return
    st.markdown("**Examples**")
    rows = [
        {
            "User": esc(example.user_id),
            "Before": esc(", ".join(example.before)),
            "After": esc(", ".join(example.after)),
        }
        for example in changes.examples
    ]
    components.table(rows, "First titles of some users, before and after")
    with components.row(gap="small"):
        for example in changes.examples:
            links.user(example.user_id)
