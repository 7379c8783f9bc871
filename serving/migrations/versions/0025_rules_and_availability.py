"""Name the column of the slate after what it says: `only_available` is only one of the causes."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "slate",
        "only_available",
        new_column_name="depends_on_availability",
        comment="True if `only_available` is set, or `keep_if` contains `available`.",
        existing_comment="True if the rules depend on what is available.",
    )


def downgrade() -> None:
    op.alter_column(
        "slate",
        "depends_on_availability",
        new_column_name="only_available",
        comment="True if the rules depend on what is available.",
        existing_comment="True if `only_available` is set, or `keep_if` contains `available`.",
    )
