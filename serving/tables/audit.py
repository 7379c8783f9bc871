"""Acts of operators and of programs on what is served."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class AuditEntry(Base):
    """One act: who, when, what, why and with which outcome. Rows are only added.

    `maintain` deletes rows at the end of their retention.
    """

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint(
            "action in ('publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules',"
            " 'create_key', 'revoke_key', 'erase', 'inspect_user', 'start_ingest',"
            " 'start_retrain', 'stop_retrain', 'approve', 'reject', 'release_rows', 'reject_rows',"
            " 'upload', 'start_maintenance', 'start_backtest', 'change_placement')",
            name="known_action",
        ),
        CheckConstraint("outcome in ('done', 'refused')", name="known_outcome"),
        CheckConstraint("(outcome = 'refused') = (problem is not null)", name="says_why_refused"),
    )

    audit_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    acted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)
    actor: Mapped[str] = mapped_column(
        comment="An operator's name in Airflow, `NAME (lantern)`, a run, or a product."
    )
    action: Mapped[str]
    target: Mapped[str] = mapped_column(
        comment="The release, rules, key or run; of a user a digest of the id."
    )
    reason: Mapped[str] = mapped_column(comment="As given; may be empty if none is required.")
    outcome: Mapped[str]
    problem: Mapped[str | None] = mapped_column(comment="Code of the problem, if refused.")
    before: Mapped[dict[str, Any] | None] = mapped_column(comment="The state before the act.")
    after: Mapped[dict[str, Any] | None] = mapped_column(comment="The state after it.")
