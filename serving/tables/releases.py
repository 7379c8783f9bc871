"""Releases, which of them is live, and the decisions behind them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func, true
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class Release(Base):
    """One published generation of lists. Its rows are invisible until the pointer names it."""

    __tablename__ = "releases"
    __table_args__ = (
        CheckConstraint(
            "(publishing_paused_by is null) = (publishing_paused_at is null)",
            name="publishing_paused",
        ),
    )

    release_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    retrain_id: Mapped[str] = mapped_column(unique=True)
    verdict: Mapped[str]
    recipe: Mapped[str] = mapped_column(comment="The recipe's short stable name.")
    recipe_json: Mapped[dict[str, Any]]
    constants: Mapped[dict[str, Any]] = mapped_column(comment="What fold-in needs.")
    counts: Mapped[dict[str, Any]] = mapped_column(comment="Rows by table.")
    checksum: Mapped[str | None] = mapped_column(comment="Of the stored lists.")
    ready_at: Mapped[datetime | None] = mapped_column(comment="Null until counted and analysed.")
    publishing_paused_by: Mapped[str | None]
    publishing_paused_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None] = mapped_column(comment="Can go live no more.")
    purged_at: Mapped[datetime | None] = mapped_column(comment="Its lists are deleted.")


class LivePointer(Base):
    """The one row that says which release people see. No row: nothing was published yet."""

    __tablename__ = "live_release"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.release_id"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())


class Activation(Base):
    """Who let people see which release, instead of which, and why. Rows are only added."""

    __tablename__ = "activations"
    __table_args__ = (
        CheckConstraint(
            "action in ('publish', 'activate', 'roll_back', 'resume')", name="known_action"
        ),
    )

    activation_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    action: Mapped[str]
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.release_id"))
    instead_of: Mapped[int | None] = mapped_column(ForeignKey("releases.release_id"))
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Verdict(Base):
    """The gate's decision on one retrain, its evidence in short. The whole of it is in the lake."""

    __tablename__ = "verdicts"
    __table_args__ = (
        CheckConstraint("verdict in ('first', 'promote', 'refresh', 'hold')", name="known_verdict"),
    )

    retrain_id: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    reason: Mapped[str]
    recipe: Mapped[str | None]
    criteria: Mapped[list[dict[str, Any]]]
    comparisons: Mapped[list[dict[str, Any]]]
    decided_at: Mapped[datetime] = mapped_column(index=True)
