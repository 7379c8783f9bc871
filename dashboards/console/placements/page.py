"""Page "Placements": the shelves of a page, a basket or an e-mail, previewed for a user."""

from dashboards import choices, product_api, states
from dashboards.console import components
from dashboards.console.inline_errors import inline_errors
from dashboards.console.placements import activation, choice, client, draft, editor, preview
from dashboards.console.signing_in import sign_in
from dashboards.text import esc
from serving.schemas import PlacementVersion

account = sign_in.account()
caption, actions = components.page_head("Placements")
with actions:
    sign_in.menu(account)
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
    about = product_api.about(dataset)
caption.caption(f"{esc(about.value.title)} · shelves that your product asks for by name")
states.stale_banner(about)
activation.confirmation()

with inline_errors():
    by_name = {placement.name: placement for placement in client.active(account, dataset)}
    name = choice.placement([*by_name])
    active = by_name.get(name) or PlacementVersion(name=name, version=0, shelves=())
    draft.start(dataset, active)
    activation.conflict(active)
    with components.card():
        editor.show(active)
    with components.card():
        preview.show(account, dataset, about.value)
    with components.card():
        activation.form(account, dataset, active)
    with components.card():
        versions = client.history(account, dataset, name) if name in by_name else []
        activation.history(account, dataset, versions)
