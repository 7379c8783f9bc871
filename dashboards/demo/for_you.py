"""Page "For you": one person's list, and why it is his."""

import streamlit as st

from dashboards import ui
from dashboards.demo import choices, data, reasons, states
from dashboards.text import esc, figure, moment, plural
from dashboards.ui import Card

LIKES, ALIKE = 6, 50

top = st.container(
    horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
)
with top:
    st.title("For you", anchor=False, width="content")

with states.told():
    dataset = choices.dataset()
    about = data.about(dataset)
    people = data.people(dataset)
    with top:
        user_id = choices.person(people.value, about.value)
    found = data.recommendations(dataset, user_id, choices.LISTED)
    person = data.person(dataset, user_id)
    likes = reasons.liked(person.value.rated, about.value, LIKES) if person else []
    asked = {like.item_id: data.similar(dataset, like.item_id, ALIKE) for like in likes}

states.banner(about, people, found, person, *asked.values())
noun, chosen = about.value.item_noun, found.value
alike = {item_id: answer.value for item_id, answer in asked.items() if answer}
because = reasons.nearest(chosen.items, likes, alike)
stranger = chosen.kind == "fallback"

if stranger:
    st.info(reasons.in_a_sentence(chosen), icon=":material/waving_hand:")
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    known = f"{plural(noun, person.value.n_rated)} rated · " if person else ""
    st.caption(
        f"{known}Release {chosen.release_id}, made {moment(chosen.made_at)}", width="content"
    )
    with st.popover("Why this list", type="tertiary", icon=":material/help:", key="why"):
        st.markdown(f"**{reasons.in_a_sentence(chosen)}**")
        st.markdown(
            f"- Release {chosen.release_id}, live since {moment(chosen.made_at)}\n"
            f"- Recipe {esc(chosen.recipe)}: {reasons.recipe_in_words(chosen.recipe)}\n"
            f"- {'Fallback list, the same for all strangers' if stranger else 'Own list'}, "
            f"best first, nothing that was rated already"
        )

if not chosen.items:
    ui.empty("This list is empty", f"The release has no {esc(noun)} left for this person.")

with st.container(gap="medium"):
    if chosen.items:
        cards = [
            Card(each, f"Like {esc(because[each.item_id].title)}")
            if each.item_id in because
            else Card(each, f"No. {each.rank}")
            for each in chosen.items
        ]
        if stranger:
            ui.heading("What everybody likes")
            ui.wall(cards, "picked")
        else:
            ui.shelf("Picked for you", cards, "picked")
    shown = {each.item_id for each in likes}
    for like in likes[:2]:
        near = (
            [Card(each) for each in alike[like.item_id].items if each.item_id not in shown][:12]
            if like.item_id in alike
            else []
        )
        if near:
            ui.shelf(f"Because you rated {esc(like.title)}", near, f"near-{like.item_id}")
    if likes:
        ui.shelf(
            "What you liked best",
            [
                Card(like, f"You gave it {figure(like.rating)} of {figure(about.value.highest)}")
                for like in likes
            ],
            "liked",
        )

states.footer(about.value)
