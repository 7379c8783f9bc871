"""The first line of each page of the demo: a title, and for operators the choice of user."""

from collections.abc import Iterator
from contextlib import contextmanager

from dashboards import choices, product_api, states, ui
from dashboards.identity import visitors
from serving.schemas import About


@contextmanager
def header(about: About) -> Iterator[None]:
    """Show the block's elements, and to the right of them the user as whom an operator acts."""
    with ui.spread_row("head"):
        yield
        if visitors.is_operator():
            with states.error_boundary():
                users = product_api.users(choices.dataset())
            choices.view_as_picker(users.value, about)
