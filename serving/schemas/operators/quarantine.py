"""Operators' decisions on rows in quarantine."""

from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from serving.schemas.base import Answer, AuditReason, RequestBody, Timestamp, with_example

Target = Literal["ratings", "events", "items", "categories", "users", "feedback"]
Decided = Literal["release", "reject"]
ReleasableCheck = Literal[
    "rating_off_scale", "value_not_a_number", "value_negative", "value_not_a_share"
]
RELEASABLE: tuple[ReleasableCheck, ...] = get_args(ReleasableCheck)

_DECISION = {
    "target": "ratings",
    "check": "rating_off_scale",
    "landing_id": "6f1c8a35d0e2b794-ratings-1b2c3d4e",
    "landed_until": "2026-11-24T12:00:00Z",
    "decision": "release",
    "reason": "the shop had a campaign with 11 stars",
}


class NewDecision(RequestBody):
    """A request to release or to reject the rows in quarantine that fail one check."""

    model_config = with_example(**_DECISION)

    target: Target
    check: str = Field(pattern=r"^[a-z_]{1,64}$", description="Name of the check.")
    landing_id: str | None = Field(
        default=None,
        pattern=r"^[\w.-]{1,128}$",
        description="The landing; null: all that landed up to `landed_until`.",
    )
    landed_until: Timestamp = Field(description="When the operator looked at the quarantine.")
    decision: Decided
    reason: AuditReason


class QuarantineDecision(Answer):
    """A decision. Of those on the same check and landing the newest counts."""

    model_config = with_example(
        decision_id="0f8fad5bd9cb469fa165708677289502",
        decided_at="2026-11-24T12:00:00Z",
        decided_by="ada",
        **_DECISION,
    )

    decision_id: str = Field(description="32 hexadecimal digits.")
    target: Target
    check: str
    landing_id: str | None
    landed_until: datetime
    decision: Decided
    decided_at: datetime
    decided_by: str = Field(description="The operator's name in Airflow.")
    reason: str
