"""The data set and its items."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSVECTOR
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, SingleRow


class About(SingleRow, Base):
    """The data set's title, noun, licence, rating scale, and counts of the live release's items.

    An activation counts the items again, because another release may have withdrawn others.
    """

    __tablename__ = "about"

    dataset: Mapped[str]
    title: Mapped[str]
    item_noun: Mapped[str]
    licence: Mapped[str]
    lowest: Mapped[float]
    highest: Mapped[float]
    step: Mapped[float]
    categories: Mapped[list[str]]
    n_items: Mapped[int]
    kinds: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="The manifest's kinds of events, and what they mean."
    )


class Item(Base):
    """An item of the catalogue. Rows are never deleted: older releases and histories name them.

    An item is withdrawn from a range of releases: from the first one whose delivery lacked it to
    the one that brought it back. See decision 17.
    """

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("title <> ''", name="has_a_title"),
        Index("ix_items_search", "search", postgresql_using="gin"),
        Index("ix_items_categories", "categories", postgresql_using="gin"),
        Index("ix_items_title_item_id", "title", "item_id"),
        Index("ix_items_vendor", "vendor"),
        Index("ix_items_withdrawn", "item_id", postgresql_where=text("withdrawn is not null")),
    )

    item_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    vendor: Mapped[str | None]
    released: Mapped[int | None] = mapped_column(Integer, comment="Year.")
    search: Mapped[str] = mapped_column(TSVECTOR, comment="Normalized words of the title.")
    withdrawn: Mapped[MultiRange[int] | None] = mapped_column(
        INT8MULTIRANGE, comment="Ids of releases without the item; null: it was never withdrawn."
    )


class UnavailableItem(Base):
    """An item that the product reported as unavailable."""

    __tablename__ = "unavailable_items"

    item_id: Mapped[str] = mapped_column(primary_key=True)
