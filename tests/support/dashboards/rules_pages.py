"""What tests of the page "Rules" share."""

from streamlit.testing.v1 import AppTest

from dashboards.console.rules import draft
from serving.schemas import SlateRules
from tests.support.dashboards.console_pages import press


def previewed(app: AppTest) -> SlateRules:
    """Return the rules that a preview now requests."""
    result = press(app, "preview_rules").session_state["draft_previewed"]
    assert isinstance(result, draft.PreviewedRules)
    return result.rules


def can_activate(app: AppTest) -> bool:
    return not app.button(key="send_rules").disabled
