"""Slate rules, and the lists that they are tried on."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, func, true
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, a_list


class RulesVersion(Base):
    """Slate rules as somebody made them. Rows are only added; the newest holds."""

    __tablename__ = "rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[dict[str, Any]]
    actor: Mapped[str]
    reason: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Slate(Base):
    """The one row that says what holds for lists now. Written with `rules` and with stock."""

    __tablename__ = "slate"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    revision: Mapped[int] = mapped_column(
        comment="Grows with each change of rules, or of stock that they heed."
    )
    version: Mapped[int] = mapped_column(comment="Of the rules that hold; 0: none were made.")
    plain: Mapped[bool] = mapped_column(comment="Lists go out as they are.")
    hide: Mapped[list[str]] = mapped_column(comment="As the rules have it.")
    only_available: Mapped[bool] = mapped_column(comment="As the rules have it.")


class WindowList(Base):
    """One judged person of the last retrain's window: his list there, and what he then liked.

    A sample, for previews of rules. The next retrain replaces all rows.
    """

    __tablename__ = "window_lists"
    __table_args__ = (
        *a_list("scores"),
        CheckConstraint("cardinality(relevant) > 0", name="has_relevant"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    retrain_id: Mapped[str]
    recipe: Mapped[str]
    item_ids: Mapped[list[str]] = mapped_column(comment="Best first, at most 100.")
    scores: Mapped[list[float]]
    relevant: Mapped[list[str]] = mapped_column(comment="Relevant items of the window's test rows.")
