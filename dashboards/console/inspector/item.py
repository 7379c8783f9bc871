"""One item: its attributes, who gets it at which ranks, and why no user does."""

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import pages, product_api, ui
from dashboards.console import components
from dashboards.console.components import button
from dashboards.console.inspector import served, subject, user
from dashboards.text import NO_VALUE, capitalised, esc, plural
from serving.schemas import About, ItemInspection, RankBand, Share

N_SIMILAR = 8
_HEIGHT = 140  # pixels


def show(dataset: str, answer: ItemInspection, about: About) -> None:
    """Show the item, its counts, the causes of its absence, and similar items."""
    item = answer.item
    ui.heading(esc(item.title), f":gray[id {esc(item.item_id)}]")
    vendor = f" · by {esc(item.vendor)}" if item.vendor else ""
    st.markdown(f"{ui.facts(item)}{vendor} {served.effects_text(answer.effects)}")
    for cause in answer.causes:
        text = esc(capitalised(cause.text))
        st.warning(f"On no list: {text}.", icon=":material/visibility_off:")
    with st.grid(4, min_column_width=150):
        rank = answer.popularity_rank
        components.metric(
            "Popularity", NO_VALUE if rank is None else f"#{rank:,}",
            delta=f"of {answer.n_ranked:,}",
        )  # fmt: skip
        raters, of_raters = share(answer.raters)
        known = "Users who rated it" if about.has_ratings else "Users with events on it"
        components.metric(known, raters, delta=of_raters)
        lists, of_lists = share(answer.lists)
        components.metric("Users who get it", lists, delta=of_lists)
        best = NO_VALUE if answer.best_rank is None else f"#{answer.best_rank}"
        median = "" if answer.median_rank is None else f"median #{answer.median_rank}"
        components.metric("Best rank", best, delta=median or None)
    user.origin(answer.release, answer.rules)
    if answer.ranks:
        _ranks(answer)
    _similar(dataset, item.item_id, about)
    st.page_link(
        pages.item(),
        label=f"Page of this {esc(about.item_noun)}",
        icon=":material/open_in_new:",
        query_params=pages.address() | {"id": item.item_id},
    )


def share(counted: Share) -> tuple[str, str]:
    """Return a number of users and its share; of a sample the estimated number."""
    part = counted.n / max(counted.n_examined, 1)
    if counted.n_examined >= counted.n_total or not counted.n_examined:
        return f"{counted.n:,}", f"{part:.1%}"
    return f"about {part * counted.n_total:,.0f}", f"{part:.1%} of {counted.n_examined:,}"


def _ranks(answer: ItemInspection) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Ranks in precomputed lists**")
        st.altair_chart(
            _chart(answer.ranks), height=_HEIGHT, alt="Number of lists by the rank of the item"
        )
    with right:
        st.markdown("**Users with the best ranks**")
        if not answer.best_ranked:
            st.caption("This list is shown to operators only.")
        with st.container(horizontal=True, gap="xsmall"):
            for holder in answer.best_ranked:
                label = f"{esc(holder.user_id)} :gray[#{holder.rank}]"
                key = f"holder_{holder.user_id}"
                button(label, key, "person_search", subject.choose, "user", holder.user_id)
        st.caption("Lists of the live release, before newer events and rules")


def _chart(bands: tuple[RankBand, ...]) -> alt.Chart:
    rows = pd.DataFrame(
        [{"ranks": f"{band.first} to {band.last}", "lists": band.n} for band in bands]
    )
    axis = alt.Axis(labelFontSize=13, ticks=False, domain=False)
    bars = alt.Chart(rows).mark_bar(height=16, cornerRadius=3, color=ui.theme_colour("primary"))
    chart: alt.Chart = bars.encode(
        x=alt.X("lists:Q", title="Lists", axis=alt.Axis(tickCount=4, format=",d")),
        y=alt.Y("ranks:N", sort=None, title=None, axis=axis),
        tooltip=[alt.Tooltip("ranks:N", title="Ranks"), alt.Tooltip("lists:Q", title="Lists")],
    )
    return chart


def _similar(dataset: str, item_id: str, about: About) -> None:
    similar = product_api.similar(dataset, item_id, N_SIMILAR)
    if similar is None or not similar.value.items:
        st.caption(f"No similar {plural(about.item_noun)}: the model has none for this one.")
        return
    st.markdown(f"**Similar {plural(about.item_noun)}**")
    with st.container(horizontal=True, gap="small"):
        for other in similar.value.items:
            label = f"{esc(other.title)} :gray[:small[{other.score:.2f}]]"
            key = f"similar_{other.item_id}"
            button(label, key, "", subject.choose, "item", other.item_id, type="tertiary")
