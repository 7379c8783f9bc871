"""Let the audit record who looked at a user."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ACTIONS = (
    "'publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules', 'create_key',"
    " 'revoke_key', 'erase'"
)
WAS = "The release, rules or key; for an erasure a digest of the user's id."
IS = "The release, rules or key; of a user a digest of the id."


def upgrade() -> None:
    _let_actions_be(f"{ACTIONS}, 'inspect_user'")
    op.alter_column("audit", "target", comment=IS, existing_comment=WAS)


def downgrade() -> None:
    op.execute("delete from audit where action = 'inspect_user'")
    _let_actions_be(ACTIONS)
    op.alter_column("audit", "target", comment=WAS, existing_comment=IS)


def _let_actions_be(actions: str) -> None:
    op.drop_constraint("known_action", "audit", type_="check")
    op.create_check_constraint("known_action", "audit", f"action in ({actions})")
