"""Operators' decisions on rows that failed a check."""

from datetime import datetime

from sqlalchemy import CheckConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class QuarantineDecision(Base):
    """A decision on the rows in quarantine of one check. Rows are only added.

    `jobs.settle` copies them to the lake, where `refine` obeys them.
    """

    __tablename__ = "quarantine_decisions"
    __table_args__ = (CheckConstraint("decision in ('release', 'reject')", name="known_decision"),)

    decision_id: Mapped[str] = mapped_column(
        primary_key=True,
        server_default=text("replace(gen_random_uuid()::text, '-', '')"),
        comment="32 hexadecimal digits.",
    )
    target: Mapped[str] = mapped_column(comment="The table in bronze, such as `ratings`.")
    check_name: Mapped[str]
    landing_id: Mapped[str | None] = mapped_column(
        comment="The landing; null: all that landed up to `landed_until`."
    )
    landed_until: Mapped[datetime]
    decision: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decided_by: Mapped[str] = mapped_column(comment="The operator's name in Airflow.")
    reason: Mapped[str]
