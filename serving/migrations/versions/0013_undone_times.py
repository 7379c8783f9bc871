"""Index undos by their events. `undone_at` has only times that kept releases have learned."""

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = "Times of ratings and removals that were undone: profiles with them are outdated."
NOW = "Times of undone ratings that profiles of kept releases have: readers ignore them."


def upgrade() -> None:
    op.create_index(
        "ix_outbox_undoes", "outbox", ["undoes"], postgresql_where=text("undoes is not null")
    )
    op.alter_column("feedback", "undone_at", comment=NOW, existing_comment=BEFORE)


def downgrade() -> None:
    op.alter_column("feedback", "undone_at", comment=BEFORE, existing_comment=NOW)
    op.drop_index("ix_outbox_undoes", "outbox")
