"""Page "Rules": what everybody is shown, whatever a model says; tried before it holds."""

import streamlit as st

from dashboards.console import (
    draft,
    pieces,
    rule_editor,
    rule_holding,
    rule_preview,
    session,
    slates,
)
from dashboards.demo import choices, states
from dashboards.demo import data as demo
from dashboards.text import esc
from serving.schemas import RulesVersion, SlateRules

who = session.operator()
top = st.container(
    horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
)
with top:
    words = st.container(gap="xxsmall", width="content")
    words.title("Rules", anchor=False)
    session.menu(who)

with states.told():
    dataset = choices.dataset()
    about = demo.about(dataset)
words.caption(f"{esc(about.value.title)} · what people are shown, whatever a model says")
states.banner(about)
rule_holding.news()

with rule_holding.told():
    versions = slates.history(who, dataset)
    now = versions[0] if versions else RulesVersion(version=0, rules=SlateRules())
    draft.begin(dataset, now)
    with pieces.card():
        rule_holding.holds(dataset, now)
    rule_holding.moved(now)
    with pieces.card():
        rule_editor.show(dataset, about.value, now)
        asked = draft.rules()
        rule_holding.preview_button(who, dataset, asked)
    tried = draft.tried(asked)
    with pieces.card():
        if tried is not None:
            rule_preview.show(tried.preview, about.value.item_noun)
        rule_holding.form(who, dataset, asked, now)
    with pieces.card():
        rule_holding.history(versions)
