"""Page "Rules": what everybody is shown, whatever a model says; tried before it holds."""

import streamlit as st

from dashboards import choices, states
from dashboards import product_api as demo
from dashboards.console import pieces, sign_in
from dashboards.console.rules import activation, client, draft, editor, preview
from dashboards.text import esc
from serving.schemas import RulesVersion, SlateRules

who = sign_in.operator()
top = st.container(
    horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
)
with top:
    words = st.container(gap="xxsmall", width="content")
    words.title("Rules", anchor=False)
    sign_in.menu(who)

with states.error_boundary():
    dataset = choices.dataset()
    about = demo.about(dataset)
words.caption(f"{esc(about.value.title)} · what people are shown, whatever a model says")
states.stale_banner(about)
activation.news()

with activation.told():
    versions = client.history(who, dataset)
    now = versions[0] if versions else RulesVersion(version=0, rules=SlateRules())
    draft.begin(dataset, now)
    with pieces.card():
        activation.holds(dataset, now)
    activation.moved(now)
    with pieces.card():
        editor.show(dataset, about.value, now)
        asked = draft.rules()
        activation.preview_button(who, dataset, asked)
    tried = draft.tried(asked)
    with pieces.card():
        if tried is not None:
            preview.show(tried.preview, about.value.item_noun)
        activation.form(who, dataset, asked, now)
    with pieces.card():
        activation.history(versions)
