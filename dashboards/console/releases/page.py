"""Page "Releases": the live release, the earlier ones, what changed between them, rolling back."""

from dashboards import choices, pages, product_api, states, ui
from dashboards.console import components, sources
from dashboards.console.inline_errors import inline_errors
from dashboards.console.releases import client, comparison, live, past
from dashboards.console.signing_in import sign_in
from dashboards.text import esc

account = sign_in.account()
caption, actions = components.page_head("Releases")
with actions:
    sign_in.menu(account)
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
caption.caption(f"{esc(product_api.title(dataset))} · the lists that users get, and those before")

with inline_errors():
    releases = client.history(account, dataset)
    if not releases:
        ui.empty_state(
            "No release yet",
            "The first retrain publishes the first release. It is listed here with its figures.",
        )
        pages.end()
    live.watch(account, dataset, releases)
    with components.card():
        live.show(account, dataset, releases)
    with components.card():
        comparison.show(account, dataset, releases)
    with components.card():
        past.show(account, dataset, releases, sources.verdicts(dataset).value)
