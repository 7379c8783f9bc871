"""All users, or all events that Postgres has, in pages by id."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, TextClause, text

from serving.schemas import ExportedEvent, ExportedUser
from serving.user_attributes import changes, segments
from serving.user_attributes.segments import Given
from serving.users.erasures import digest_of

_KNOWN = "select {0} from {1} where user_id > :after {2} order by user_id limit :limit"
_TABLES = (
    ("user_id", "profiles", "and release_id = (select release_id from live_release)"),
    ("user_id", "user_attributes", ""),
    ("user_id", "user_tokens", ""),
    ("distinct user_id", "feedback", ""),
    ("distinct user_id", "outbox", ""),
)
_MATCHING = " union ".join(f"({_KNOWN.format(*table)})" for table in _TABLES)
_USERS = text(
    f"""
    with page as ({_MATCHING} order by user_id limit :limit)
    select page.user_id, given.attributes, given.changed_at,
        profiles.segment as learned,
        given.xact, coalesce(live.users_until, 0) as learned_until,
        coalesce(cardinality(profiles.item_ids), 0) as n_rated,
        {digest_of("page.user_id")} in (select digest from erasures) as is_erased
    from page left join user_attributes as given on given.user_id = page.user_id
    left join profiles on profiles.user_id = page.user_id
        and profiles.release_id = (select release_id from live_release)
    left join releases as live on live.release_id = (select release_id from live_release)
    order by page.user_id
    """  # noqa: S608 # our own names
)
_EVENTS = text(
    f"""
    select event_id, kind, user_id, item_id, rating, value, occurred_at, received_at, list_id,
        undoes, {digest_of("user_id")} in (select digest from erasures) as is_erased
    from outbox where event_id > :after order by event_id limit :limit
    """  # noqa: S608 # our own name
)


def users(
    connection: Connection, *, after: str, limit: int
) -> tuple[list[ExportedUser], str | None]:
    """Return the first users whose ids follow `after`: of the live release, and of the API.

    And the id that the next page follows; None if this is the last page. A page may have no row.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    names = changes.declared(connection)
    rows, last = _read(connection, _USERS, "user_id", after, limit)
    return [_user(row, names) for row in rows], last


def events(
    connection: Connection, *, after: str, limit: int
) -> tuple[list[ExportedEvent], str | None]:
    """Return the first events of the outbox whose ids follow `after`, and as `users`."""
    rows, last = _read(connection, _EVENTS, "event_id", after, limit)
    return [ExportedEvent.model_validate(row) for row in rows], last


def _user(row: Mapping[str, Any], names: Sequence[str]) -> ExportedUser:
    given = None if row["attributes"] is None else Given(row["attributes"], row["xact"])
    segment = segments.of_user(row["learned"], given, names, learned_until=row["learned_until"])
    return ExportedUser.model_validate({**row, "segment": segment})


def _read(
    connection: Connection, statement: TextClause, key: str, after: str, limit: int
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return the rows of a page that may be exported, and its last id if another page may follow.

    After a backup was restored, there may be rows of erased users.
    """
    page = connection.execute(statement, {"after": after, "limit": limit}).mappings().all()
    last = page[-1][key] if len(page) == limit else None
    return [dict(row) for row in page if not row["is_erased"]], last
