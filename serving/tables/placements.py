"""Placements: the shelves of the spots of a product, with all their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class PlacementVersion(Base):
    """One version of a placement. Rows are only added; a placement's newest version is active."""

    __tablename__ = "placements"

    name: Mapped[str] = mapped_column(primary_key=True, comment="Such as `home`.")
    version: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="From 1; 0 is a default of the code."
    )
    shelves: Mapped[list[dict[str, Any]]] = mapped_column(comment="Top to bottom.")
    actor: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
