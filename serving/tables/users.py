"""Attributes that the product sent of users, and how far they were collected."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, CursorOfChanges


class UserAttributes(Base):
    """A user's current attributes. An erasure deletes the row.

    `collect` copies rows to the lake in the order of `xact`, as those of `outbox`. A change moves
    the row to its own transaction.
    """

    __tablename__ = "user_attributes"
    __table_args__ = (Index("ix_user_attributes_xact", "xact"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(
        comment="Texts by name, of the names in `about`."
    )
    changed_at: Mapped[datetime] = mapped_column(
        server_default=func.clock_timestamp(), comment="Later changes have later times."
    )
    sent_by: Mapped[str] = mapped_column(comment="Name of the API key.")
    xact: Mapped[int] = mapped_column(
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        comment="Id of the transaction that wrote the row.",
    )


class UserAttributesCursor(CursorOfChanges, Base):
    """How far `collect` has read `user_attributes`."""

    __tablename__ = "user_attributes_cursor"
