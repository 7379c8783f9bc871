"""Say that rules may depend on availability by other means than `only_available`."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "slate",
        "only_available",
        comment="True if the rules depend on what is available.",
        existing_comment="Copy of the rule `only_available`.",
    )


def downgrade() -> None:
    op.alter_column(
        "slate",
        "only_available",
        comment="Copy of the rule `only_available`.",
        existing_comment="True if the rules depend on what is available.",
    )
