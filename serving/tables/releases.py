"""Releases, the live one, and the decisions behind them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, SingleRow


class Release(Base):
    """One published set of lists. Readers see its rows only while it is live."""

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
    recipe: Mapped[str] = mapped_column(comment="Short stable name of the recipe.")
    recipe_json: Mapped[dict[str, Any]]
    constants: Mapped[dict[str, Any]] = mapped_column(comment="Parameters of the fold-in.")
    counts: Mapped[dict[str, Any]] = mapped_column(comment="Number of rows by table.")
    outbox_until: Mapped[int | None] = mapped_column(
        comment="Events of the outbox below this transaction were learned; null: not known."
    )
    users_until: Mapped[int | None] = mapped_column(
        comment="Attributes that the product sent in transactions below this one were learned; "
        "null: none."
    )
    checksum: Mapped[str | None] = mapped_column(comment="SHA-256 of the stored lists.")
    ready_at: Mapped[datetime | None] = mapped_column(
        comment="Null until all rows are loaded, counted and analysed."
    )
    publishing_paused_by: Mapped[str | None] = mapped_column(
        comment="The operator who paused publishing while this release was live."
    )
    publishing_paused_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None] = mapped_column(comment="From then on it cannot go live.")
    purged_at: Mapped[datetime | None] = mapped_column(comment="When its lists were deleted.")


class LivePointer(SingleRow, Base):
    """The live release. There is no row before the first publication."""

    __tablename__ = "live_release"

    release_id: Mapped[int] = mapped_column(ForeignKey("releases.release_id"))
    since: Mapped[datetime] = mapped_column(server_default=func.now())


class Activation(Base):
    """An action on the live release: by whom and why. Rows are only added."""

    __tablename__ = "activations"
    __table_args__ = (
        CheckConstraint(
            "action in ('publish', 'activate', 'roll_back', 'pause', 'resume')", name="known_action"
        ),
    )

    activation_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    action: Mapped[str]
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.release_id"))
    instead_of: Mapped[int | None] = mapped_column(
        ForeignKey("releases.release_id"), comment="The release that was live before."
    )
    actor: Mapped[str]
    reason: Mapped[str]
    acted_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Verdict(Base):
    """The gate's decision on one retrain with its main evidence. The lake has all of it."""

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
