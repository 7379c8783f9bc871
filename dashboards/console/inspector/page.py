"""Page "Inspector": why a user gets their list, why not another item, and who gets an item."""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.console import components
from dashboards.console.access import require_access
from dashboards.console.acts import erasure
from dashboards.console.inline_errors import inline_errors
from dashboards.console.inspector import (
    client,
    comparison,
    events,
    item,
    item_for_user,
    served,
    subject,
    user,
)
from dashboards.console.signing_in import sign_in
from dashboards.identity import visitors
from dashboards.text import article, esc
from serving.errors import UnknownItemError

account = sign_in.account()
caption, actions = components.page_head("Inspector")
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
    about = product_api.about(dataset).value
require_access(account, dataset, actions)
chosen = subject.of_address()
noun = esc(about.item_noun)
with actions:
    if chosen.user_id and visitors.is_operator():
        with inline_errors():
            erasure.button(account, dataset, chosen.user_id)
    sign_in.menu(account)
caption.caption(f"{esc(about.title)} · why a user gets their list, and who gets {article(noun)}")
components.confirmation(erasure.DONE)

with components.card():
    subject.fields(account, dataset, about, chosen)

if not chosen.user_id and not chosen.item_id:
    ui.empty_state(
        f"Choose a user or {article(noun)}",
        f"For a user: their list with all reasons, and why another {noun} is not on it. For "
        f"{article(noun)}: how many users get it, or why no user does. The activity log records "
        "who looked at which user.",
    )
    pages.end()

if not chosen.user_id:
    with components.card():
        try:
            item_inspection = client.item(account, dataset, chosen.item_id)
        except UnknownItemError:
            text = f"The catalogue never had {article(noun)} with this id. Search by title above."
            st.subheader(f"Unknown {noun}", anchor=False)
            st.caption(f"{esc(chosen.item_id)} · {text}")
        else:
            item.show(dataset, item_inspection, about)
    pages.end()

with inline_errors():
    user_inspection = client.user(account, dataset, chosen.user_id, served.length())
    with components.card():
        user.show(user_inspection, about)
    if user_inspection.status == "erased":
        pages.end()
    if chosen.item_id:
        with components.card():
            answer = client.item_for_user(
                account, dataset, chosen.user_id, chosen.item_id, served.length()
            )
            item_for_user.show(answer, about)
    with components.card():
        served.show(user_inspection, about, chosen.item_id)
    with components.card():
        comparison.show(user_inspection)
    with components.card():
        events.show(user_inspection, about)
