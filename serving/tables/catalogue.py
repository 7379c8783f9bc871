"""The data set, its items, and their changes by the product."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSVECTOR
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, CursorOfChanges, SingleRow


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
    attributes: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="Type of each attribute of items, by its name."
    )
    display: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="Which attributes the app shows, and how."
    )
    user_attributes: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"),
        comment="Names of the attributes of users, in the order of the manifest.",
    )


class Item(Base):
    """An item of the catalogue. Rows are never deleted: older releases and histories name them.

    An item is withdrawn from a range of releases: from the first one whose delivery lacked it to
    the one that brought it back. See decision 17. An item that the product removed is in no release
    until it is sent again, see decision 37.
    """

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("title <> ''", name="has_a_title"),
        Index("ix_items_search", "search", postgresql_using="gin"),
        Index("ix_items_categories", "categories", postgresql_using="gin"),
        Index("ix_items_title_item_id", "title", "item_id"),
        Index("ix_items_vendor", "vendor"),
        Index("ix_items_withdrawn", "item_id", postgresql_where=text("withdrawn is not null")),
        Index("ix_items_removed", "item_id", postgresql_where=text("removed")),
        Index("ix_items_added_at", "added_at", text("released nulls first")),
        Index("ix_items_revision", "revision", postgresql_where=text("revision > 0")),
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
    attributes: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="Values by name, of the types in `about`."
    )
    removed: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether the product removed it through the API."
    )
    changed_at: Mapped[datetime | None] = mapped_column(
        comment="When the product changed it, or the changed file landed; null: not known."
    )
    revision: Mapped[int] = mapped_column(
        server_default=text("0"),
        comment="Revision of `slate` with which the product changed it last; 0: it never did.",
    )
    added_at: Mapped[datetime] = mapped_column(
        server_default=func.now(),
        comment="When the catalogue had it first; 1970: before this was recorded.",
    )


class ItemChange(Base):
    """The outbox of the catalogue: an item as the product left it. Nothing changes a row.

    `collect` copies rows to the lake as those of `outbox`.
    """

    __tablename__ = "item_changes"
    __table_args__ = (Index("ix_item_changes_xact", "xact"),)

    change_id: Mapped[str] = mapped_column(
        primary_key=True,
        server_default=text("replace(gen_random_uuid()::text, '-', '')"),
        comment="32 hexadecimal digits.",
    )
    item_id: Mapped[str]
    title: Mapped[str]
    categories: Mapped[list[str]]
    vendor: Mapped[str | None]
    released: Mapped[int | None] = mapped_column(Integer, comment="Year.")
    attributes: Mapped[dict[str, Any]]
    removed: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(comment="Later changes have later times.")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_by: Mapped[str] = mapped_column(comment="Name of the API key.")
    xact: Mapped[int] = mapped_column(
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        comment="Id of the transaction that wrote the row.",
    )


class ItemChangesCursor(CursorOfChanges, Base):
    """How far `collect` has read `item_changes`."""

    __tablename__ = "item_changes_cursor"


class UnavailableItem(Base):
    """An item that the product reported as unavailable."""

    __tablename__ = "unavailable_items"

    item_id: Mapped[str] = mapped_column(primary_key=True)
