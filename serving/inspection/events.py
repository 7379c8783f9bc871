"""A user's events: those of the API that Postgres still has, and the ratings of the release."""

from typing import Any

from sqlalchemy import Connection, Row, text

from serving.schemas import UserEvent
from serving.users.erasures import IS_ERASED

MAX_EVENTS = 100

# All conditions are on a user's own rows, which indexes find.
_SENT = text(
    f"""
    select event_id, kind, item_id, title, occurred_at, sent_by,
        coalesce(rating, case when kind <> 'undo' then value end) as value,
        xact < coalesce((select until from outbox_cursor), 0) as is_collected,
        event_id in (
            select undoes from outbox where user_id = :user_id and undoes is not null
        ) as is_undone
    from outbox left join items using (item_id)
    where user_id = :user_id and not {IS_ERASED}
    order by occurred_at desc, event_id desc limit :limit
    """  # noqa: S608 # our own condition
)
# An event of the API may have left the outbox, but `feedback` has the time of the newest one.
_LEARNED = text(
    f"""
    select rated.item_id, items.title, rated.rating, rated.rated_at,
        feedback.rated_at is not distinct from rated.rated_at as is_sent
    from profiles
    cross join unnest(
        profiles.item_ids[1 : :limit], profiles.ratings[1 : :limit], profiles.rated_at[1 : :limit]
    ) as rated(item_id, rating, rated_at)
    left join items on items.item_id = rated.item_id
    left join feedback on feedback.user_id = :user_id and feedback.item_id = rated.item_id
    where profiles.release_id = :release_id and profiles.user_id = :user_id and not {IS_ERASED}
    """  # noqa: S608 # our own condition
)


def newest(connection: Connection, release_id: int, user_id: str) -> list[UserEvent]:
    """Return a user's newest events, at most `MAX_EVENTS`, newest first.

    A rating of the release that has the item and the time of an event of the API is that event.
    """
    values = {"user_id": user_id, "release_id": release_id, "limit": MAX_EVENTS}
    learned = {
        (row.item_id, row.rated_at): _learned(row) for row in connection.execute(_LEARNED, values)
    }
    events = []
    for row in connection.execute(_SENT, values):
        is_rating = row.kind == "rate" and not row.is_undone
        key = (row.item_id, row.occurred_at)
        in_release = is_rating and learned.pop(key, None) is not None
        events.append(_sent(row, in_release=in_release))
    events += learned.values()
    events.sort(key=lambda event: (event.occurred_at, event.event_id or ""), reverse=True)
    return events[:MAX_EVENTS]


def _sent(row: Row[Any], *, in_release: bool) -> UserEvent:
    return UserEvent(
        event_id=row.event_id,
        kind=row.kind,
        item_id=row.item_id,
        title=row.title,
        value=row.value,
        occurred_at=row.occurred_at,
        origin="api",
        sent_by=row.sent_by,
        state="in_release" if in_release else "in_lake" if row.is_collected else "pending",
        is_undone=row.is_undone,
    )


def _learned(row: Row[Any]) -> UserEvent:
    return UserEvent(
        event_id=None,
        kind="rate",
        item_id=row.item_id,
        title=row.title,
        value=row.rating,
        occurred_at=row.rated_at,
        origin="api" if row.is_sent else "file",
        state="in_release",
    )
