"""What changed in the lists between two releases that the account picks."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.releases import client
from dashboards.console.sources import Account
from dashboards.text import esc, plural
from serving.schemas import ItemShare, PastRelease, ReleaseChanges

NEW, GONE = ":green[:material/add_circle:]", ":orange[:material/remove_circle:]"


def show(account: Account, dataset: str, releases: Sequence[PastRelease]) -> None:
    """Show the changes from one kept release to another; by default from the one before."""
    ui.heading("What changed in the lists")
    kept = [release.release_id for release in releases if release.kept]
    if len(kept) < 2:  # noqa: PLR2004 # two are compared
        st.caption("There is one release. The next one will be compared with it.")
        return
    live = next((release.release_id for release in releases if release.live), kept[0])
    after, before = _picked(kept, live, _replaced(releases))
    if after == before:
        st.caption("Choose two different releases.")
        return
    with st.spinner("Comparing lists…"):
        changes = client.changes(account, dataset, after, before)
    _figures(changes)
    _items(changes)
    _examples(changes)


def forget() -> None:
    """Forget what was picked: after another release went live, its changes are shown."""
    for key in ("compare_from", "compare_to"):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def _replaced(releases: Sequence[PastRelease]) -> int | None:
    """Return the release that the live one replaced, after a roll-back a newer one."""
    acts = next((release.activations for release in releases if release.live), ())
    return next((act.instead_of for act in acts if act.instead_of is not None), None)


def _picked(kept: Sequence[int], live: int, replaced: int | None) -> tuple[int, int]:
    older = [release_id for release_id in kept if release_id < live]
    start = older[0] if older else next(each for each in kept if each != live)
    if replaced is not None and replaced in kept and replaced != live:
        start = replaced
    left, right = st.columns(2)
    before = left.selectbox(
        "From", kept, index=kept.index(start), key="compare_from", format_func=_name,
        bind="query-params",
    )  # fmt: skip
    after = right.selectbox(
        "To", kept, index=kept.index(live), key="compare_to", format_func=_name,
        bind="query-params",
    )  # fmt: skip
    return after, before


def _name(release_id: int) -> str:
    return f"Release {release_id}"


def _figures(changes: ReleaseChanges) -> None:
    with st.grid(3, min_column_width=180):
        components.metric(
            "Rank-biased overlap",
            f"{changes.overlap:.3f}",
            delta_description=f"p = {changes.persistence:g}",
            help="How much a user's two lists agree, on average: 1 if they are equal, 0 without a "
            "common item. Earlier ranks weigh more: with p = 0.9, the first ten have 86 % of the "
            "weight (Webber, Moffat and Zobel, 2010).",
        )
        components.metric("Users with other items", f"{changes.changed_share:.0%}")
        components.metric("New items per user", f"{changes.mean_new_items:.1f}")
        components.metric("Items added", f"{changes.n_came:,}")
        components.metric("Items dropped", f"{changes.n_went:,}")
    st.caption(
        f"Lists of {plural('user', changes.n_users)} who are in both releases, before slate rules "
        "and newer feedback: the first 50 items for the overlap, the first ten for the others."
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
    """Show the lists of some users side by side, with what came and what went."""
    if not changes.examples:
        return
    labels = [f"User {esc(example.user_id)}" for example in changes.examples]
    for tab, example in zip(st.tabs(labels), changes.examples, strict=True):
        with tab, st.grid(2, min_column_width=240, gap="medium"):
            _list(f"Release {changes.since}", example.before, example.after, GONE)
            _list(f"Release {changes.release_id}", example.after, example.before, NEW)
            components.inspector_link(example.user_id)
    st.caption(f"{NEW} only in the later list · {GONE} only in the earlier one")


def _list(title: str, titles: Sequence[str], others: Sequence[str], mark: str) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(f"**{title}**")
        lines = [
            f"{rank}\\. {esc(item)}" if item in others else f"{rank}\\. {mark} **{esc(item)}**"
            for rank, item in enumerate(titles, 1)
        ]
        st.markdown("  \n".join(lines))
