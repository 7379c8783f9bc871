"""feedback"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "profiles",
        sa.Column(
            "segment", sa.Text(), server_default="", nullable=False, comment="Of `fallback_lists`."
        ),
    )
    op.add_column(
        "item_factors",
        sa.Column(
            "popularity",
            sa.REAL(),
            server_default=sa.text("0"),
            nullable=False,
            comment="The score of the fallback list of everybody.",
        ),
    )
    op.add_column(
        "item_factors",
        sa.Column(
            "trending",
            sa.REAL(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Likings that fade within weeks.",
        ),
    )
    for column in ("popularity", "trending"):
        op.create_index(
            f"ix_item_factors_release_id_{column}", "item_factors", ["release_id", column]
        )
    op.create_index("ix_items_vendor", "items", ["vendor"])
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.Text(), nullable=False, comment="32 hex digits."),
        sa.Column(
            "idempotency_key", sa.Text(), nullable=False, comment="The caller's: one intent."
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("rating", sa.REAL(), nullable=True),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="As the caller says, else when it came.",
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_by", sa.Text(), nullable=False, comment="Name of the key that wrote it."),
        sa.Column(
            "xact",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="Its transaction.",
        ),
        sa.CheckConstraint(
            "kind in ('rate', 'unrate', 'hide', 'not_interested')",
            name=op.f("ck_outbox_known_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'rate') = (rating is not null)", name=op.f("ck_outbox_a_rating_has_a_value")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_outbox_idempotency_key")),
    )
    op.create_index("ix_outbox_user_id", "outbox", ["user_id"])
    op.create_index("ix_outbox_xact", "outbox", ["xact"])
    op.create_table(
        "feedback",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("rating", sa.REAL(), nullable=True, comment="Null: taken back, or never given."),
        sa.Column(
            "rated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Of the newest `rate` or `unrate`.",
        ),
        sa.Column("hidden", sa.Text(), nullable=True, comment="`hide`, `not_interested`, or null."),
        sa.Column(
            "hidden_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Of the newest event that hid the item, or showed it again.",
        ),
        sa.CheckConstraint(
            "rated_at is not null or hidden_at is not null", name=op.f("ck_feedback_says_something")
        ),
        sa.CheckConstraint(
            "rating is null or rated_at is not null", name=op.f("ck_feedback_rated_at_some_time")
        ),
        sa.CheckConstraint(
            "hidden is null or hidden_at is not null", name=op.f("ck_feedback_hidden_at_some_time")
        ),
        sa.CheckConstraint(
            "hidden in ('hide', 'not_interested')", name=op.f("ck_feedback_known_hide")
        ),
        sa.PrimaryKeyConstraint("user_id", "item_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "outbox_cursor",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "until", sa.BigInteger(), nullable=False, comment="Transactions below are in the lake."
        ),
        sa.Column(
            "n_events", sa.BigInteger(), nullable=False, comment="Collected since the beginning."
        ),
        sa.Column(
            "collected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("one", name=op.f("ck_outbox_cursor_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_outbox_cursor")),
    )
    op.create_table(
        "erasures",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "requested_by",
            sa.Text(),
            nullable=False,
            comment="Name of the key, or `the user`.",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "user_tokens",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256, hexadecimal."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_person_tokens")),
    )


def downgrade() -> None:
    op.drop_table("user_tokens")
    op.drop_table("erasures")
    op.drop_table("outbox_cursor")
    op.drop_table("feedback")
    op.drop_table("outbox")
    op.drop_index("ix_items_vendor", table_name="items")
    for column in ("trending", "popularity"):
        op.drop_index(f"ix_item_factors_release_id_{column}", table_name="item_factors")
        op.drop_column("item_factors", column)
    op.drop_column("profiles", "segment")
