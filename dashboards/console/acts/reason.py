"""A button that opens a question, and performs an act once the operator has given a reason."""

import streamlit as st

MAX_REASON_LENGTH = 200


def popover(label: str, key: str, icon: str, question: str, *, act: str = "") -> str | None:
    """Show a button with a form below it; return the reason when the form is submitted.

    `key` is unique on the page. It names what the act is about, so that the form is closed and
    empty once that has changed. `question` says what the act does, as Markdown. `act` is the label
    of the button that submits the form, by default the label of the button.
    """
    with st.popover(label, icon=f":material/{icon}:", key=key):
        return form(key, question, act or label, icon)


def form(key: str, question: str, act: str, icon: str) -> str | None:
    """Show a question with a field for the reason; return the reason when it is submitted."""
    with st.form(f"form_{key}", border=False, clear_on_submit=True, enter_to_submit=False):
        st.markdown(question)
        reason = st.text_input(
            "Reason",
            key=f"reason_{key}",
            max_chars=MAX_REASON_LENGTH,
            placeholder="Kept in the activity log with your name",
        )
        submitted = st.form_submit_button(
            act, key=f"send_{key}", type="primary", icon=f":material/{icon}:"
        )
    if submitted and not (reason or "").strip():
        st.warning("Enter a reason.", icon=":material/edit:")
        return None
    return (reason or "").strip() if submitted else None
