"""Page of one item, `/item?id=…`: what it is, and what is like it."""

import streamlit as st

from dashboards import pages, ui
from dashboards.demo import choices, data, reasons, states
from dashboards.text import esc, plural
from dashboards.ui import Card

ALIKE = 20

item_id = st.query_params.get("id", "")[: choices.LONGEST_ID]

with states.told():
    dataset = choices.dataset()
    about = data.about(dataset)
    found = data.item(dataset, item_id) if item_id else None
    alike = data.similar(dataset, item_id, ALIKE) if found else None
    user_id = choices.chosen_person()
    theirs = data.recommendations(dataset, user_id, choices.LISTED) if user_id and found else None
    person = data.person(dataset, user_id) if user_id and found else None

noun = about.value.item_noun
if found is None:
    st.title(f"No such {esc(noun)}", anchor=False)
    asked = f"{esc(noun)} {esc(item_id)}" if item_id else f"no {esc(noun)}"
    st.caption(f"The link asked for {asked}. It may have left the catalogue.")
    st.page_link(pages.browse(), label=f"Browse all {plural(noun)}", icon=":material/grid_view:")
    st.stop()

item = found.value
states.banner(about, found, alike)
with st.container(horizontal=True, gap="small"):
    st.page_link(pages.for_you(), label=":gray[Back to the list]", icon=":material/arrow_back:")
    st.page_link(pages.browse(), label=":gray[Browse]", icon=":material/grid_view:")
with st.container(horizontal=True, gap="medium"):
    with st.container(width=256):
        ui.picture(item)
    with st.container(gap="small", width="stretch"):
        st.title(esc(item.title), anchor=False)
        badges = " ".join(f":gray-badge[{esc(each)}]" for each in item.categories)
        st.markdown(" &nbsp; ".join(filter(None, [str(item.released or ""), badges])))
        if item.vendor:
            st.markdown(f"By {esc(item.vendor)}")
        st.caption(f"{esc(noun.capitalize())} {esc(item.item_id)} of {esc(about.value.title)}")
        if user_id and theirs:
            st.markdown(
                reasons.standing(
                    item.item_id,
                    choices.who(user_id),
                    theirs.value,
                    person.value.rated if person else (),
                    about.value.highest,
                )
            )

st.space("small")
if alike and alike.value.items:
    cards = [Card(each, f"{max(each.score, 0):.0%} alike") for each in alike.value.items]
    ui.shelf(f"Similar {plural(noun)}", cards, "similar")
    st.caption("Alike means: liked by the same people, as the live release's model sees it.")
else:
    ui.empty(
        f"No similar {plural(noun)} yet",
        "The live release counts what is popular, or nobody has rated this one: "
        "neither tells what is alike.",
    )

states.footer(about.value)
