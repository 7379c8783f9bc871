"""The audit: who did what, when and why."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from serving.schemas.base import Answer, with_example

Action = Literal[
    "publish",
    "activate",
    "roll_back",
    "pause",
    "resume",
    "change_rules",
    "create_key",
    "revoke_key",
    "erase",
    "inspect_user",
    "start_ingest",
    "start_retrain",
    "stop_retrain",
    "approve",
    "reject",
    "release_rows",
    "reject_rows",
    "upload",
    "start_maintenance",
    "start_backtest",
    "change_placement",
]


class AuditEntry(Answer):
    """One act."""

    model_config = with_example(
        audit_id=12,
        acted_at="2026-11-24T12:00:00Z",
        actor="ada",
        action="roll_back",
        target="release 3",
        reason="the new lists repeat one vendor",
        outcome="done",
        problem=None,
        before={"live_release": 4, "publishing_paused_by": None},
        after={"live_release": 3, "publishing_paused_by": "ada"},
    )

    audit_id: int
    acted_at: datetime
    actor: str = Field(
        description="An operator's name in Airflow, `NAME (lantern)`, a run, or a product's "
        "`key NAME`."
    )
    action: Action
    target: str = Field(
        description="The release, rules, placement, key, run, rows or file; of a user a digest of "
        "the id."
    )
    reason: str = Field(description="As given; may be empty if none is required.")
    outcome: Literal["done", "refused"]
    problem: str | None = Field(description="Code of the problem, if the act was refused.")
    before: dict[str, Any] | None = Field(description="The state before the act.")
    after: dict[str, Any] | None = Field(description="The state after it.")


class AuditPage(Answer):
    """A page of the audit, newest first."""

    entries: tuple[AuditEntry, ...]
    total: int = Field(description="Entries that match, on all pages.")
    limit: int
    offset: int
