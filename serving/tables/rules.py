"""Slate rules, and the lists on which they are previewed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, SingleRow, list_constraints


class RulesVersion(Base):
    """One version of the slate rules. Rows are only added; the newest version is active."""

    __tablename__ = "rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[dict[str, Any]]
    actor: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Slate(SingleRow, Base):
    """What readers need of the active rules. Written with `rules`, availability and items."""

    __tablename__ = "slate"

    revision: Mapped[int] = mapped_column(
        comment="Grows with each change of the rules, of availability if the rules use it, and of "
        "items by the product."
    )
    version: Mapped[int] = mapped_column(comment="Version of the active rules; 0: never set.")
    plain: Mapped[bool] = mapped_column(comment="True if the rules change no list.")
    depends_on_availability: Mapped[bool] = mapped_column(
        comment="True if `only_available` is set, or `keep_if` contains `available`."
    )


class WindowList(Base):
    """The list of one user of the last retrain's evaluation window, and their relevant items.

    A sample, for previews of rules. The next retrain replaces all rows.
    """

    __tablename__ = "window_lists"
    __table_args__ = (
        *list_constraints("scores"),
        CheckConstraint("cardinality(relevant) > 0", name="has_relevant"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    retrain_id: Mapped[str]
    recipe: Mapped[str]
    item_ids: Mapped[list[str]] = mapped_column(comment="Best first, at most 100.")
    scores: Mapped[list[float]]
    relevant: Mapped[list[str]] = mapped_column(comment="Relevant items in the window's test rows.")
