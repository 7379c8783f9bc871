"""A button that undoes the active version of the rules: the version before it is active again."""

from collections.abc import Sequence

import streamlit as st

from dashboards.console.acts import reason
from dashboards.console.rules import client, descriptions, draft
from dashboards.console.sources import Account
from serving.errors import RulesChangedError
from serving.schemas import RulesVersion, SlateRules

NO_RULES = RulesVersion(version=0, rules=SlateRules())


def button(account: Account, dataset: str, versions: Sequence[RulesVersion]) -> int | None:
    """Show the button; return the new version after an undo. `versions` are newest first."""
    before = before_active(versions)
    if before is None:
        return None
    active = versions[0].version
    question = f"Activate the earlier rules again: {descriptions.summary(before.rules)}?"
    why = reason.popover(f"Undo version {active}", f"undo_{active}", "undo", question, act="Undo")
    if why is None:
        return None
    is_edited = not draft.is_same(draft.rules() or before.rules, versions[0].rules)
    try:
        new = client.activate(account, dataset, before.rules, instead_of=active, reason=why)
    except RulesChangedError:
        st.rerun()  # loads the active version
    if not is_edited:
        draft.discard()
    return new.version


def before_active(versions: Sequence[RulesVersion]) -> RulesVersion | None:
    """Return the version before the active one, or None if it is not known.

    The version before the first one is 0, which has no rules.
    """
    if not versions:
        return None
    if versions[0].version == 1:
        return NO_RULES
    return versions[1] if len(versions) > 1 else None
