"""Attributes of users, as the product sent them through the API."""

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class UserAttributes(Base):
    """A user's current attributes. An erasure deletes the row."""

    __tablename__ = "user_attributes"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(
        comment="Texts by name, of the names in `about`."
    )
    changed_at: Mapped[datetime] = mapped_column(
        server_default=func.clock_timestamp(), comment="Later changes have later times."
    )
    sent_by: Mapped[str] = mapped_column(comment="Name of the API key.")
