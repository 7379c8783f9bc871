"""The erasure of a user, with a confirmation and a reason."""

import streamlit as st

from dashboards import product_api
from dashboards.console.acts.client import acting_as
from dashboards.console.acts.reason import MAX_REASON_LENGTH
from dashboards.console.sources import Account
from dashboards.text import plural
from serving.schemas import Erasure
from serving.schemas.base import MAX_ID_LENGTH

DONE = "erasure_done"


def button(account: Account, dataset: str, user_id: str = "") -> None:
    """Show a button with a form below it, and erase the user when the form is submitted.

    With `user_id` it is this user, whose id must be entered once. Otherwise it is entered twice.
    """
    label = "Erase this user" if user_id else "Erase a user"
    with st.popover(label, icon=":material/person_remove:", key="erase"):
        st.markdown(
            "Deletes a user's events, attributes, lists and profile. **This cannot be undone**, "
            "and the id accepts no events afterwards."
        )
        with st.form("erase_form", border=False, clear_on_submit=True, enter_to_submit=False):
            entered = user_id or st.text_input(
                "User id", key="erase_user_id", max_chars=MAX_ID_LENGTH
            )
            repeated = st.text_input(
                "User id, to confirm" if user_id else "User id again, to confirm",
                key="erase_again",
                max_chars=MAX_ID_LENGTH,
            )
            reason = st.text_input(
                "Reason",
                key="erase_reason",
                max_chars=MAX_REASON_LENGTH,
                placeholder="Kept with your name. Leave the id out of it",
            )
            submitted = st.form_submit_button(
                "Erase", key="send_erase", type="primary", icon=":material/delete_forever:"
            )
        if submitted:
            _submit(account, dataset, entered or "", repeated or "", (reason or "").strip())


def erase(account: Account, dataset: str, user_id: str, reason: str) -> Erasure:
    """Delete a user's data as this operator, and drop every cached answer: any may name the user.

    Raises:
        ScopeMissingError: the account is not an operator's.
        OutcomeUnknownError: Airflow did not answer.
    """
    with acting_as(account, dataset, st.cache_data.clear, product_api.clear_user_answers) as client:
        [erasure] = client.erase_users([user_id], reason=reason)
        return erasure


def _submit(account: Account, dataset: str, user_id: str, repeated: str, reason: str) -> None:
    if not user_id or user_id != repeated:
        st.warning("Enter the id of the user to confirm.", icon=":material/edit:")
        return
    if not reason:
        st.warning("Enter a reason.", icon=":material/edit:")
        return
    if user_id in reason.split():
        st.warning("The reason is kept: leave the user id out of it.", icon=":material/edit:")
        return
    erasure = erase(account, dataset, user_id, reason)
    st.session_state[DONE] = f"The user is erased: {plural('event', erasure.n_events)} deleted."
    st.rerun()
