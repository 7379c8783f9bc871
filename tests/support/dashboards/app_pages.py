"""Reads what AppTest shows of a page: its texts, buttons, tables and cards."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from streamlit.testing.v1 import AppTest

from dashboards.answers import CachedAnswer

T = TypeVar("T")
Page = Callable[[str], AppTest]  # opens a page by its file below `dashboards/`


def fresh(value: T) -> CachedAnswer[T]:
    """Return an answer that the API gave a moment ago."""
    return CachedAnswer(value, datetime.now(UTC))


def fresh_or_none(value: T | None) -> CachedAnswer[T] | None:
    return None if value is None else fresh(value)


def words(page: AppTest) -> str:
    """Return the page's Markdown, captions and headings, one a line."""
    return "\n".join(str(text.value) for text in [*page.markdown, *page.caption, *page.subheader])


def labels(page: AppTest) -> list[str]:
    """Return the labels of all buttons."""
    return [button.label for button in page.button]


def titles(page: AppTest) -> list[str]:
    """Return the titles of all cards: buttons with a bold label."""
    return [label for label in labels(page) if label.startswith("**")]


def posters(page: AppTest) -> list[list[str]]:
    """Return the item ids of each shelf that is drawn as one element."""
    shelves = [json.loads(component.proto.json) for component in page.get("bidi_component")]
    return [[card["id"] for card in cards] for cards in shelves]


def cells(page: AppTest) -> str:
    """Return the cells of all tables, one table a line."""
    return "\n".join(str(table.value.to_dict("list")) for table in page.table)


def keys(page: AppTest) -> set[str | None]:
    """Return the keys of all buttons."""
    return {button.key for button in page.button}
