"""slate"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rules")),
    )
    op.create_table(
        "slate",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=False,
            comment="Grows with each change of rules, or of stock that they heed.",
        ),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="Of the rules that hold; 0: none were made.",
        ),
        sa.Column("plain", sa.Boolean(), nullable=False, comment="Lists go out as they are."),
        sa.Column(
            "hide", postgresql.ARRAY(sa.Text()), nullable=False, comment="As the rules have it."
        ),
        sa.Column("only_available", sa.Boolean(), nullable=False, comment="As the rules have it."),
        sa.CheckConstraint("one", name=op.f("ck_slate_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_slate")),
    )
    op.execute(
        "insert into slate (revision, version, plain, hide, only_available)"
        " values (0, 0, true, '{}', false)"
    )
    op.create_table(
        "unavailable_items",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_unavailable_items")),
    )
    op.create_table(
        "window_lists",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("retrain_id", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column(
            "item_ids",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Best first, at most 100.",
        ),
        sa.Column("scores", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column(
            "relevant",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Relevant items of the window's test rows.",
        ),
        sa.CheckConstraint(
            "cardinality(item_ids) = cardinality(scores)", name=op.f("ck_window_lists_same_length")
        ),
        sa.CheckConstraint("cardinality(item_ids) > 0", name=op.f("ck_window_lists_not_empty")),
        sa.CheckConstraint("cardinality(relevant) > 0", name=op.f("ck_window_lists_has_relevant")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_window_lists")),
    )


def downgrade() -> None:
    op.drop_table("window_lists")
    op.drop_table("unavailable_items")
    op.drop_table("slate")
    op.drop_table("rules")
