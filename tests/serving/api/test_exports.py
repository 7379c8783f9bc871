"""All users and all events as JSON lines: each once, in pages, one export of a key at a time."""

import json
import time
from contextlib import suppress
from typing import NoReturn

import httpx2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving import errors
from serving.api import sent_exports
from serving.api.routes import exports
from serving.client import Client
from serving.schemas import ExportedUser, NewEvent, UserChange
from serving.storage import keys
from serving.users import accounts, bulk_export, erasures
from tests.conftest import schema_of
from tests.support.serving import live_shop
from tests.support.serving.api_server import keyed
from tests.support.serving.begun_answers import begun

OLD = {"sex": "F", "age": "old"}


@pytest.fixture(autouse=True)
def released(publisher: Engine) -> None:
    """A release with the users "fan", "grumbler" and "lover"."""
    live_shop.release(publisher)


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


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The export of users never ends."""
    row = ExportedUser(user_id="u" * 200, attributes=None, segment="", n_rated=0)
    monkeypatch.setitem(exports._READ, "users", lambda _connection, _after: ([row] * 100, "u"))  # noqa: SLF001 # the table of sources


def all_users(owner: Engine) -> str:
    return f"/v1/{schema_of(owner)}/export?what=users"


def wait_for_turn(client: Client) -> None:
    for _ in range(100):
        with suppress(errors.ApiUnavailableError):
            assert list(client.export_items())
            return
        time.sleep(0.05)
    raise AssertionError("the turn did not end within 5 s")


@pytest.mark.usefixtures("endless")
def test_one_export_is_sent_to_a_key_at_a_time_until_its_client_leaves(
    maintainer: Client, maintainer_http: httpx2.Client, api_url: str, owner: Engine
) -> None:
    with begun(maintainer_http, all_users(owner)):
        for export in (maintainer.export_users, maintainer.export_events, maintainer.export_items):
            with pytest.raises(errors.ApiUnavailableError, match="Another export"):
                list(export())
        refused = maintainer_http.get(f"/v1/{schema_of(owner)}/export", params={"what": "items"})
        assert refused.json()["title"] == "Temporarily unavailable"
        with keyed(api_url, owner, "other", "operate") as other:
            given = other.get(f"/v1/{schema_of(owner)}/export", params={"what": "items"})
            assert given.status_code == 200

    wait_for_turn(maintainer)


@pytest.mark.usefixtures("endless")
def test_the_turn_of_an_export_ends_with_a_client_that_has_sent_another_request(
    maintainer: Client,
    maintainer_http: httpx2.Client,
    owner: Engine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with begun(maintainer_http, all_users(owner)) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)  # the server has read it

    wait_for_turn(maintainer)
    assert "Exception in ASGI" not in caplog.text


@pytest.mark.usefixtures("endless")
def test_an_export_that_takes_too_long_is_cut_off(
    maintainer: Client,
    maintainer_http: httpx2.Client,
    owner: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sent_exports, "EXPORT_SECONDS", 0.3)
    with begun(maintainer_http, all_users(owner)):  # its client stays, and reads no more
        wait_for_turn(maintainer)


@pytest.mark.usefixtures("endless")
def test_an_export_is_cut_off_once_its_key_is_revoked(
    maintainer: Client, api_url: str, owner: Engine
) -> None:
    with (
        keyed(api_url, owner, "leaked", "operate") as http,
        begun(http, all_users(owner)) as connection,
    ):
        with Session(owner) as session, session.begin():
            assert keys.revoke(session, "leaked")

        until = time.monotonic() + 5
        while connection.recv(65536):
            assert time.monotonic() < until, "the export went on"

    wait_for_turn(maintainer)


def test_an_export_that_fails_at_its_beginning_is_an_error_and_holds_no_turn(
    maintainer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise errors.NoReleaseError

    with monkeypatch.context() as patched:
        patched.setitem(exports._READ, "events", fail)  # noqa: SLF001 # the table of sources
        with pytest.raises(errors.NoReleaseError):
            list(maintainer.export_events())

    assert list(maintainer.export_events()) == []


def test_other_scopes_may_not_export(product: Client) -> None:
    for export in (product.export_users, product.export_events):
        with pytest.raises(errors.ScopeMissingError):
            list(export())
