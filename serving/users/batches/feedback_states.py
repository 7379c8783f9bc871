"""What a batch of events leaves of the users' current feedback on items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args

from pydantic_core import to_json
from sqlalchemy import Connection

from serving.schemas import HideKind
from serving.storage.prepared import Prepared
from serving.users.batches.rows import Row
from serving.users.feedback import NEWEST_WINS

HIDES: tuple[str, ...] = get_args(HideKind)

_FEEDBACK = Prepared(
    "write_feedback_of_events",
    {"states": "json"},
    f"""
    insert into feedback as stored
        (user_id, item_id, rating, rated_at, hidden, hidden_at, event_id, previous)
    select user_id, item_id, rating, rated_at, hidden, hidden_at, event_id,
        coalesce((
            select jsonb_build_object(
                'rating', profiles.ratings[position], 'rated_at', profiles.rated_at[position]
            )
            from live_release join profiles using (release_id)
            cross join array_position(profiles.item_ids, sent.item_id) as position
            where profiles.user_id = sent.user_id and position is not null
        ), '{{}}')
    from json_to_recordset(:states) as sent(
        user_id text, item_id text, rating real, rated_at timestamptz, hidden text,
        hidden_at timestamptz, event_id text
    )
    order by user_id, item_id
    {NEWEST_WINS}
    """,  # noqa: S608 # our own clause
)


@dataclass(frozen=True, slots=True)
class _State:
    """What events leave of a user's feedback on an item."""

    user_id: str
    item_id: str
    rating: float | None
    rated_at: datetime | None
    hidden: str | None
    hidden_at: datetime
    event_id: str

    def followed_by(self, later: "_State") -> "_State":
        """Return what is left after later events: of each kind, the newest by time counts."""
        state = replace(later, hidden_at=max(self.hidden_at, later.hidden_at))
        if later.hidden_at < self.hidden_at:
            state = replace(state, hidden=self.hidden)
        is_older = self.rated_at is not None and (
            later.rated_at is None or later.rated_at < self.rated_at
        )
        return replace(state, rating=self.rating, rated_at=self.rated_at) if is_older else state


def write(connection: Connection, rows: Sequence[Row], occurred_at: Mapping[str, datetime]) -> None:
    """Update the current feedback by events in their order.

    If a user and item have several events, the last one is written on its own, after the others
    together: the row has the state that it replaced. The first statement writes, and so locks, the
    rows of all users and items in the order of their keys.
    """
    by_pair: dict[tuple[str, str], list[_State]] = {}
    for row in rows:
        state = _state(row, occurred_at[row.event_id])
        by_pair.setdefault((state.user_id, state.item_id), []).append(state)
    first = [_folded(of_pair[:-1] or of_pair) for of_pair in by_pair.values()]
    last = [of_pair[-1] for of_pair in by_pair.values() if len(of_pair) > 1]
    for written in (first, last):
        if written:
            _FEEDBACK.execute(connection, states=to_json(written).decode())


def _folded(states: Sequence[_State]) -> _State:
    folded = states[0]
    for later in states[1:]:
        folded = folded.followed_by(later)
    return folded


def _state(row: Row, occurred_at: datetime) -> _State:
    return _State(
        user_id=row.user_id,
        item_id=row.item_id,
        rating=row.rating,
        rated_at=occurred_at if row.kind in {"rate", "unrate"} else None,
        hidden=row.kind if row.kind in HIDES else None,
        hidden_at=occurred_at,
        event_id=row.event_id,
    )
