"""Lets the browser fetch the cookie of its new id after a sign-in.

A page cannot set the cookie, which scripts must not read: only an answer of the server can.
"""

import streamlit as st
from streamlit import config

from dashboards.identity import visitors
from dashboards.server.cookies import RENEWAL_PATH

_SCRIPT = """
const sent = new Set();
export default function ({ data }) {
  if (!sent.has(data.ticket)) {
    sent.add(data.ticket);
    fetch(data.path, { method: "POST", headers: { "x-lantern-ticket": data.ticket } });
  }
}
"""
_component = st.components.v2.component("new_cookie", html="<span></span>", js=_SCRIPT)


def request() -> None:
    """Have the browser exchange its cookie, if it has to."""
    ticket = visitors.ticket()
    if ticket is not None:
        base = str(config.get_option("server.baseUrlPath")).strip("/")
        path = f"/{base}{RENEWAL_PATH}" if base else RENEWAL_PATH
        _component(key="new_cookie", height=1, data={"path": path, "ticket": ticket})
