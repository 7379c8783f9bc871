"""All users and all events as JSON lines: each once, in pages, one export at a time."""

import gc
import json
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving import errors
from serving.api.routes import exports
from serving.api.routes.exports import Turn
from serving.client import Client
from serving.schemas import ExportedUser, NewEvent, UserChange
from serving.storage import keys
from serving.users import accounts, bulk_export, erasures
from tests.conftest import schema_of
from tests.support.serving import live_shop

OLD = {"sex": "F", "age": "old"}


@pytest.fixture(autouse=True)
def released(publisher: Engine) -> None:
    """A release with the users "fan", "grumbler" and "lover"."""
    live_shop.release(publisher)


@pytest.fixture
def maintainer_http(api_url: str, owner: Engine) -> Iterator[httpx2.Client]:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "maintainer", ["operate"])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=api_url, headers=headers, timeout=10) as http:
        yield http


@pytest.fixture
def maintainer(maintainer_http: httpx2.Client, owner: Engine) -> Client:
    return Client(maintainer_http, schema_of(owner))


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_every_user_is_exported_once_by_id(
    product: Client, maintainer: Client, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(exports, "EXPORT_PAGE", size)
    created = product.create_user().user_id
    product.rate("rater", "f1", 5)
    product.send_events([NewEvent(kind="view", user_id="viewer", item_id="f1")] * 2)
    for user_id in ("described", "fan"):
        receipt = product.put_attributes(user_id, OLD)

    users = list(maintainer.export_users())

    others = ["described", "fan", "grumbler", "lover", created, "rater", "viewer"]
    assert [user.user_id for user in users] == sorted(others)
    of = {user.user_id: user for user in users}
    assert (of["fan"].attributes, of["fan"].changed_at) == (OLD, receipt.changed_at)
    assert (of["fan"].segment, of["fan"].n_rated) == (live_shop.OLD, 3)
    assert (of["described"].segment, of["described"].n_rated) == (live_shop.OLD, 0)
    assert (of["lover"].attributes, of["lover"].segment) == (None, live_shop.OLD)
    assert (of["viewer"].attributes, of["viewer"].segment) == (None, "")


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_every_event_is_exported_once_by_id(
    product: Client, maintainer: Client, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(exports, "EXPORT_PAGE", size)
    rated = product.rate("u", "f1", 4)
    undone = product.undo("u", rated.event_id)
    bought = NewEvent(kind="purchase", user_id="v", item_id="f2", value=2, list_id="home-1")
    [sent] = product.send_events([bought]).results

    events = list(maintainer.export_events())

    assert [event.event_id for event in events] == [
        rated.event_id,
        undone.event_id,
        sent.event_id,
    ]
    assert [(e.kind, e.user_id, e.item_id) for e in events] == [
        ("rate", "u", "f1"),
        ("undo", "u", "f1"),
        ("purchase", "v", "f2"),
    ]
    assert [(e.rating, e.value, e.undoes, e.list_id) for e in events] == [
        (4, None, None, None),
        (None, None, rated.event_id, None),
        (None, 2, None, "home-1"),
    ]
    assert events[2].occurred_at == sent.occurred_at


def test_rows_of_erased_users_are_left_out_and_end_no_export(
    product: Client, maintainer: Client, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a backup was restored, tables have such rows until they are deleted again."""
    monkeypatch.setattr(exports, "EXPORT_PAGE", 1)
    with owner.begin() as connection:
        for user_id in ("a", "fan"):
            accounts.erase(connection, user_id, requested_by="test")
        kept = erasures.listed(connection)
        connection.execute(text("delete from erasures"))
    product.rate("a", "f1", 4)
    product.put_attributes("fan", OLD)
    product.rate("rater", "f1", 4)
    with owner.begin() as connection:
        erasures.restore(connection, kept, by="test")

    users = [user.user_id for user in maintainer.export_users()]
    assert users == ["grumbler", "lover", "rater"]
    assert [event.user_id for event in maintainer.export_events()] == ["rater"]


def test_a_page_at_a_time_is_in_memory(
    product: Client, maintainer_http: httpx2.Client, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, page = [], bulk_export.users

    def noting(
        connection: Connection, *, after: str, limit: int
    ) -> tuple[list[ExportedUser], str | None]:
        rows, last = page(connection, after=after, limit=limit)
        sizes.append(len(rows))
        return rows, last

    monkeypatch.setattr(exports, "EXPORT_PAGE", 4)
    monkeypatch.setattr(bulk_export, "users", noting)
    product.change_attributes([UserChange(user_id=f"u{n}", attributes=OLD) for n in range(7)])

    answer = maintainer_http.get(f"/v1/{schema_of(owner)}/export", params={"what": "users"})

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert len([json.loads(line) for line in answer.content.splitlines()]) == 10
    assert sizes == [4, 4, 2]


def test_one_export_of_users_or_events_at_a_time(maintainer: Client) -> None:
    turn = Turn()
    for export in (maintainer.export_users, maintainer.export_events):
        with pytest.raises(errors.ApiUnavailableError, match="Another export"):
            list(export())
    assert list(maintainer.export_items())  # nobody's data

    turn.end()

    assert list(maintainer.export_users())
    assert list(maintainer.export_users())


def test_an_export_that_nobody_reads_ends_when_it_is_dropped() -> None:
    lines = exports._alone(None, exports._users, Turn())  # type: ignore[arg-type] # not used before the first line # noqa: SLF001
    with pytest.raises(errors.ApiUnavailableError):
        Turn()

    del lines
    gc.collect()

    Turn().end()


def test_other_scopes_may_not_export(product: Client) -> None:
    for export in (product.export_users, product.export_events):
        with pytest.raises(errors.ScopeMissingError):
            list(export())
