"""The basket in the menu: with the number of its pieces, and hidden if there are no baskets."""

import streamlit as st

from dashboards import choices, pages, product_api
from dashboards.demo.basket import contents
from dashboards.demo.words import kinds
from dashboards.settings import NotSetUpError
from serving.errors import ApiError


def page() -> st.Page:
    """Return the page of the basket, as it is called in the menu: "Basket (2)"."""
    try:
        dataset = pages.address().get("dataset") or choices.dataset()
        about = product_api.about(dataset).value
        if kinds.basket_button(about) is None:
            return pages.basket(visibility="hidden")
        lines = contents.lines(dataset, choices.user(dataset), about)
    except (ApiError, NotSetUpError):
        return pages.basket(visibility="hidden")  # the pages say what is wrong
    n = sum(line.n for line in lines)
    return pages.basket(title=f"Basket ({n})") if n else pages.basket()
