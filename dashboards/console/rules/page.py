"""Page "Rules": slate rules, which apply to every list. They are previewed before activation."""

from dashboards import choices, product_api, states
from dashboards.console import components
from dashboards.console.inline_errors import inline_errors
from dashboards.console.rules import activation, client, draft, editor, preview
from dashboards.console.signing_in import sign_in
from dashboards.text import esc
from serving.schemas import RulesVersion, SlateRules

account = sign_in.account()
caption, actions = components.page_head("Rules")
with actions:
    sign_in.menu(account)
with states.error_boundary(in_console=True):
    dataset = choices.dataset()
    about = product_api.about(dataset)
caption.caption(f"{esc(about.value.title)} · rules that apply to every list")
states.stale_banner(about)
activation.confirmation()

with inline_errors():
    versions = client.history(account, dataset)
    active = versions[0] if versions else RulesVersion(version=0, rules=SlateRules())
    draft.start(dataset, active)
    with components.card():
        activation.active_rules(dataset, active)
    activation.conflict(active)
    with components.card():
        editor.show(dataset, about.value, active)
        rules = draft.rules()
        activation.preview_button(account, dataset, rules)
    previewed = draft.previewed(rules)
    with components.card():
        if previewed is not None:
            preview.show(previewed.preview, about.value.item_noun)
        activation.form(account, dataset, rules, active)
    with components.card():
        activation.history(account, dataset, versions)
