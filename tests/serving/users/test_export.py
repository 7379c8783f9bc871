"""An export needs little memory, however many events the user has sent."""

import tracemalloc

from sqlalchemy import Engine, text

from serving import schemas
from serving.users import export
from serving.users.erasures import USER_TABLES

N_EVENTS = 20_000
_EVENTS = text(
    "insert into outbox (event_id, idempotency_key, kind, user_id, item_id, occurred_at, sent_by)"
    " select i, rpad('k' || i, 200, 'x'), 'unrate', 'u\"é', 'a', now(), 'demo'"
    " from generate_series(1, :n) as i"
)


def test_many_events_are_exported_with_little_memory(owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(_EVENTS, {"n": N_EVENTS})
        tracemalloc.start()
        with export.export(connection, 'u"é') as file:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            content = b"".join(export.chunks(file))
        assert file.closed

    document = schemas.Export.model_validate_json(content)
    assert document.user_id == 'u"é'
    assert {table: len(rows) for table, rows in document.tables.items()} == dict.fromkeys(
        USER_TABLES, 0
    ) | {"outbox": N_EVENTS}
    assert document.tables["outbox"][1]["item_id"] == "a"
    assert peak < len(content) / 10
