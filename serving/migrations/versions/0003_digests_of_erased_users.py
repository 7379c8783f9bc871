"""Replace the ids of erased users by digests, and note when the lake has erased them.

A downgrade cannot restore the ids: it puts the digests in their place.
"""

from alembic import op
from sqlalchemy import Column, DateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DIGEST = "encode(sha256(convert_to(current_schema() || '/' || user_id, 'UTF8')), 'hex')"
TIME = DateTime(timezone=True)


def upgrade() -> None:
    op.execute(f"update erasures set user_id = {DIGEST}")  # noqa: S608 # our own expression
    op.alter_column(
        "erasures",
        "user_id",
        new_column_name="digest",
        comment="SHA-256 of `<data set>/<user id>`, hexadecimal.",
    )
    op.alter_column(
        "erasures",
        "requested_by",
        comment="Name of the API key or of the operator, or `the user`.",
        existing_comment="Name of the API key, or `the user`.",
    )
    op.add_column(
        "erasures", Column("erased_at", TIME, comment="When the lake's rows were last deleted.")
    )
    op.add_column(
        "erasures",
        Column("purged_at", TIME, comment="When no file of the lake had a row any more."),
    )


def downgrade() -> None:
    op.drop_column("erasures", "purged_at")
    op.drop_column("erasures", "erased_at")
    op.alter_column(
        "erasures",
        "requested_by",
        comment="Name of the API key, or `the user`.",
        existing_comment="Name of the API key or of the operator, or `the user`.",
    )
    op.alter_column("erasures", "digest", new_column_name="user_id", comment=None)
