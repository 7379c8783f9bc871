"""The data set and its items."""

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, SingleRow


class About(SingleRow, Base):
    """The data set's title, noun, licence, rating scale and categories."""

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


class Item(Base):
    """An item of the catalogue. Rows are never deleted: an older release may list the item."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("title <> ''", name="has_a_title"),
        Index("ix_items_search", "search", postgresql_using="gin"),
        Index("ix_items_categories", "categories", postgresql_using="gin"),
        Index("ix_items_title_item_id", "title", "item_id"),
        Index("ix_items_vendor", "vendor"),
    )

    item_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    vendor: Mapped[str | None]
    released: Mapped[int | None] = mapped_column(Integer, comment="Year.")
    search: Mapped[str] = mapped_column(TSVECTOR, comment="Normalized words of the title.")


class UnavailableItem(Base):
    """An item that the product reported as unavailable."""

    __tablename__ = "unavailable_items"

    item_id: Mapped[str] = mapped_column(primary_key=True)
