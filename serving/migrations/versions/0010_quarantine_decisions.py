"""Add operators' decisions on rows in quarantine, and their acts to the audit."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, DateTime, Text, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTIONS = (
    "'publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules', 'create_key',"
    " 'revoke_key', 'erase', 'inspect_user', 'start_ingest', 'start_retrain',"
    " 'stop_retrain', 'approve', 'reject'"
)
NEW = "'release_rows', 'reject_rows', 'upload'"
TIME = DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "quarantine_decisions",
        Column(
            "decision_id",
            Text,
            server_default=text("replace(gen_random_uuid()::text, '-', '')"),
            primary_key=True,
            comment="32 hexadecimal digits.",
        ),
        Column("target", Text, nullable=False, comment="The table in bronze, such as `ratings`."),
        Column("check_name", Text, nullable=False),
        Column(
            "landing_id",
            Text,
            comment="The landing; null: all that landed up to `landed_until`.",
        ),
        Column("landed_until", TIME, nullable=False),
        Column("decision", Text, nullable=False),
        Column("decided_at", TIME, server_default=text("clock_timestamp()"), nullable=False),
        Column("decided_by", Text, nullable=False, comment="The operator's name in Airflow."),
        Column("reason", Text, nullable=False),
        CheckConstraint("decision in ('release', 'reject')", name="known_decision"),
    )
    _let_actions_be(f"{ACTIONS}, {NEW}")


def downgrade() -> None:
    op.execute(f"delete from audit where action in ({NEW})")  # noqa: S608 # our own names
    _let_actions_be(ACTIONS)
    op.drop_table("quarantine_decisions")


def _let_actions_be(actions: str) -> None:
    op.drop_constraint("known_action", "audit", type_="check")
    op.create_check_constraint("known_action", "audit", f"action in ({actions})")
