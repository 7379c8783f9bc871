"""Let the audit have starts of ingests."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ACTIONS = (
    "'publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules', 'create_key',"
    " 'revoke_key', 'erase', 'inspect_user', 'start_retrain', 'stop_retrain', 'approve',"
    " 'reject'"
)
NEW = "'start_ingest'"
WAS = "The release, rules, key or retrain; of a user a digest of the id."
IS = "The release, rules, key or run; of a user a digest of the id."


def upgrade() -> None:
    _let_actions_be(f"{ACTIONS}, {NEW}")
    op.alter_column("audit", "target", comment=IS, existing_comment=WAS)


def downgrade() -> None:
    op.execute(f"delete from audit where action in ({NEW})")  # noqa: S608 # a constant
    _let_actions_be(ACTIONS)
    op.alter_column("audit", "target", comment=WAS, existing_comment=IS)


def _let_actions_be(actions: str) -> None:
    op.drop_constraint("known_action", "audit", type_="check")
    op.create_check_constraint("known_action", "audit", f"action in ({actions})")
