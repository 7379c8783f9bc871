"""Let products send attributes of users."""

from alembic import op
from sqlalchemy import Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NAMES = "Names of the attributes of users, in the order of the manifest."
LATER = "Later changes have later times."


def upgrade() -> None:
    op.create_table(
        "user_attributes",
        Column("user_id", Text, primary_key=True),
        Column(
            "attributes", JSONB, nullable=False, comment="Texts by name, of the names in `about`."
        ),
        Column(
            "changed_at",
            DateTime(timezone=True),
            nullable=False,
            server_default=text("clock_timestamp()"),
            comment=LATER,
        ),
        Column("sent_by", Text, nullable=False, comment="Name of the API key."),
    )
    op.add_column(
        "about",
        Column(
            "user_attributes",
            ARRAY(Text),
            nullable=False,
            server_default=text("'{}'"),
            comment=NAMES,
        ),
    )


def downgrade() -> None:
    op.drop_column("about", "user_attributes")
    op.drop_table("user_attributes")
