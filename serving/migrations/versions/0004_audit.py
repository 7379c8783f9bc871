"""Add the audit of acts, and pauses of publishing to the history of releases."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Text, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ACTIONS = "'publish', 'activate', 'roll_back', 'resume'"


def upgrade() -> None:
    op.create_table(
        "audit",
        Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
        Column(
            "acted_at",
            DateTime(timezone=True),
            server_default=text("clock_timestamp()"),
            nullable=False,
            index=True,
        ),
        Column(
            "actor",
            Text,
            nullable=False,
            comment="An operator's name in Airflow, `NAME (lantern)`, a run, or a product.",
        ),
        Column("action", Text, nullable=False),
        Column(
            "target",
            Text,
            nullable=False,
            comment="The release, rules or key; for an erasure a digest of the user's id.",
        ),
        Column(
            "reason",
            Text,
            nullable=False,
            comment="As given; may be empty if none is required.",
        ),
        Column("outcome", Text, nullable=False),
        Column("problem", Text, comment="Code of the problem, if refused."),
        Column("before", JSONB, comment="The state before the act."),
        Column("after", JSONB, comment="The state after it."),
        CheckConstraint(
            "action in ('publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules',"
            " 'create_key', 'revoke_key', 'erase')",
            name="known_action",
        ),
        CheckConstraint("outcome in ('done', 'refused')", name="known_outcome"),
        CheckConstraint("(outcome = 'refused') = (problem is not null)", name="says_why_refused"),
    )
    _let_activations_be(f"{ACTIONS}, 'pause'")


def downgrade() -> None:
    op.execute("delete from activations where action = 'pause'")
    _let_activations_be(ACTIONS)
    op.drop_table("audit")


def _let_activations_be(actions: str) -> None:
    op.drop_constraint("known_action", "activations", type_="check")
    op.create_check_constraint("known_action", "activations", f"action in ({actions})")
