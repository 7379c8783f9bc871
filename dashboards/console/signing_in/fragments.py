"""Parts of pages of the console that are drawn again by themselves, until the sign-in ends."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from dashboards.console.signing_in import sign_in

P = ParamSpec("P")


def fragment(
    run_every: float | None = None,
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return a decorator like `st.fragment`, for what only an account may see.

    Streamlit runs a fragment without the page around it, which checks the account. So once the
    sign-in has ended, the fragment draws the whole page again, which is the sign-in form then.
    """

    def decorated(show: Callable[P, None]) -> Callable[P, None]:
        @st.fragment(run_every=run_every)
        @wraps(show)
        def show_to_account(*args: P.args, **options: P.kwargs) -> None:
            if sign_in.current() is None:
                st.rerun()
            show(*args, **options)

        return show_to_account

    return decorated
