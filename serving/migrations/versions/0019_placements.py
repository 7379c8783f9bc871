"""Add placements, their audit, and when items were added to the catalogue."""

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ACTIONS = (
    "'publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules', 'create_key',"
    " 'revoke_key', 'erase', 'inspect_user', 'start_ingest', 'start_retrain', 'stop_retrain',"
    " 'approve', 'reject', 'release_rows', 'reject_rows', 'upload',"
    " 'start_maintenance', 'start_backtest'"
)
NEW = "'change_placement'"
KINDS = "`live`, `batch`, `fallback`, `popular`, `trending`, `vendor`, `similar`"


def upgrade() -> None:
    op.create_table(
        "placements",
        Column("name", Text, primary_key=True, comment="Such as `home`."),
        Column(
            "version",
            BigInteger,
            primary_key=True,
            autoincrement=False,
            comment="From 1; 0 is a default of the code.",
        ),
        Column("shelves", JSONB, nullable=False, comment="Top to bottom."),
        Column("actor", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column(
            "created_at",
            DateTime(timezone=True),
            server_default=text("now()"),
            nullable=False,
        ),
    )
    # Rows of before have a constant, so the table is not rewritten.
    op.add_column(
        "items",
        Column(
            "added_at",
            DateTime(timezone=True),
            server_default=text("'epoch'"),
            nullable=False,
            comment="When the catalogue had it first; 1970: before this was recorded.",
        ),
    )
    op.alter_column("items", "added_at", server_default=text("now()"))
    op.create_index("ix_items_added_at", "items", ["added_at", text("released nulls first")])
    op.alter_column(
        "shown_lists", "kind", comment=f"{KINDS}, or the source of a placement's shelf."
    )
    _let_actions_be(f"{ACTIONS}, {NEW}")


def downgrade() -> None:
    op.execute(f"delete from audit where action in ({NEW})")  # noqa: S608 # a constant
    _let_actions_be(ACTIONS)
    op.alter_column("shown_lists", "kind", comment=f"{KINDS} or `together`.")
    op.drop_column("items", "added_at")
    op.drop_table("placements")


def _let_actions_be(actions: str) -> None:
    op.drop_constraint("known_action", "audit", type_="check")
    op.create_check_constraint("known_action", "audit", f"action in ({actions})")
