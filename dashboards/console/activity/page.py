"""Page "Activity": who did what, when and why; and the erasure of a user."""

from dashboards import choices, product_api, states
from dashboards.console import components
from dashboards.console.activity import log
from dashboards.console.acts import erasure
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import sign_in
from dashboards.text import esc

account = sign_in.account()
caption, actions = components.page_head("Activity")
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
with actions:
    with inline_errors():
        erasure.button(account, dataset)
    sign_in.menu(account)
caption.caption(f"{esc(product_api.title(dataset))} · acts of operators, and publications")
components.confirmation(erasure.DONE)

with components.card():
    log.show(account, dataset)
