"""The API's slate rules, read and changed with the operator's own Airflow token."""

import streamlit as st

from dashboards.console.acts.client import BY_TOKEN, acting_as, as_account
from dashboards.console.sources import Account
from serving.schemas import RulesPreview, RulesVersion, SlateRules

MAX_VERSIONS = 10


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def history(account: Account, dataset: str) -> list[RulesVersion]:
    """Return the last versions of the rules, newest first.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account is not an operator's.
        OperatorsNotConfiguredError: the API does not know Airflow's address.
    """
    with as_account(account, dataset) as client:
        return client.rules_history(limit=MAX_VERSIONS)


def preview(account: Account, dataset: str, rules: SlateRules) -> RulesPreview:
    """Return the effect of these rules, compared with the active rules.

    Raises:
        NoWindowListsError: no retrain has stored lists to preview on.
        RequestRefusedError: the filter of the rules is not valid.
    """
    with as_account(account, dataset) as client:
        return client.preview_rules(rules)


def activate(
    account: Account, dataset: str, rules: SlateRules, *, instead_of: int, reason: str
) -> RulesVersion:
    """Activate these rules and return their version.

    Raises:
        RulesChangedError: the active version is no longer `instead_of`.
        RequestRefusedError: the filter of the rules is not valid.
    """
    with acting_as(account, dataset, history.clear) as client:
        return client.replace_rules(rules, instead_of=instead_of, reason=reason)
