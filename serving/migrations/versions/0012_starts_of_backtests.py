"""Let the audit have starts of backtests."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ACTIONS = (
    "'publish', 'activate', 'roll_back', 'pause', 'resume', 'change_rules', 'create_key',"
    " 'revoke_key', 'erase', 'inspect_user', 'start_ingest', 'start_retrain', 'stop_retrain',"
    " 'approve', 'reject', 'release_rows', 'reject_rows', 'upload',"
    " 'start_maintenance'"
)
NEW = "'start_backtest'"


def upgrade() -> None:
    _let_actions_be(f"{ACTIONS}, {NEW}")


def downgrade() -> None:
    op.execute(f"delete from audit where action in ({NEW})")  # noqa: S608 # a constant
    _let_actions_be(ACTIONS)


def _let_actions_be(actions: str) -> None:
    op.drop_constraint("known_action", "audit", type_="check")
    op.create_check_constraint("known_action", "audit", f"action in ({actions})")
