"""What the job `alert` measured last, and what it reported to each target."""

from datetime import datetime

from sqlalchemy import CheckConstraint, func
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class Measurement(Base):
    """One figure of the last run of `alert`. `/metrics` has it."""

    __tablename__ = "measurements"

    name: Mapped[str] = mapped_column(primary_key=True, comment="Such as `quarantined_rows`.")
    subject: Mapped[str] = mapped_column(
        primary_key=True, comment="What was measured, such as `retrain/fit`; may be empty."
    )
    value: Mapped[float] = mapped_column(DOUBLE_PRECISION)
    measured_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Alert(Base):
    """An alert that was reported to a target and is not resolved there."""

    __tablename__ = "alerts"
    __table_args__ = (CheckConstraint("level in ('warning', 'error')", name="known_level"),)

    target: Mapped[str] = mapped_column(primary_key=True, comment="`log`, `webhook` or `mail`.")
    name: Mapped[str] = mapped_column(primary_key=True, comment="The check, such as `disk`.")
    level: Mapped[str]
    since: Mapped[datetime] = mapped_column(comment="When it was first reported.")
    reported_at: Mapped[datetime] = mapped_column(comment="When it was last reported.")
