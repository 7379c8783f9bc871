"""The outbox of users' events, as `collect` reads it."""

from serving.storage.outboxes import Outbox

OUTBOX = Outbox(
    table="outbox",
    columns="event_id, kind, user_id, item_id, rating, occurred_at, received_at, sent_by, undoes,"
    " value, list_id, undone_kind, undone_at",
    order="event_id",
    cursor="outbox_cursor",
    counter="n_events",
)
