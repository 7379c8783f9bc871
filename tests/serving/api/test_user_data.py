"""A user's own data, and erasures by operators."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from tempfile import TemporaryFile
from threading import Event
from typing import IO

import httpx2
import pytest
from sqlalchemy import Connection, Engine

from serving.api import rate_limit, sent_exports
from serving.client import Client
from serving.errors import RequestRefusedError, ScopeMissingError, UserErasedError
from serving.users import export as exports
from serving.users.erasures import USER_TABLES
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, keyed, running_api
from tests.support.serving.begun_answers import begun
from tests.support.serving.server import as_role
from tests.support.waiting import wait_until

Connected = Callable[[str], Client]


@pytest.fixture
def connected(owner: Engine, committing: str) -> Iterator[Connected]:
    """A function that returns a client with the token of an Airflow user."""
    with AirflowUsers().served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow}
        settings = UNCACHED.model_copy(update=own)
        with (
            running_api(as_role(committing, "api"), settings) as url,
            httpx2.Client(base_url=url, timeout=60) as http,
        ):

            def connect(token: str) -> Client:
                http.headers["Authorization"] = f"Bearer {token}"
                return Client(http, schema_of(owner))

            yield connect


@pytest.mark.usefixtures("published_shop")
def test_a_user_exports_their_own_data_and_then_erases_it(product: Client) -> None:
    user = product.create_user()
    product.rate(user.user_id, "a", 7)
    product.hide(user.user_id, "b")

    export = product.export(user.user_id, token=user.token)

    assert export.user_id == user.user_id
    assert {*export.tables} == {*USER_TABLES}
    events = export.tables["outbox"]
    assert [(event["kind"], event["item_id"], event["rating"]) for event in events] == [
        ("rate", "a", 7),
        ("hide", "b", None),
    ]
    assert len(export.tables["feedback"]) == 2
    [token] = export.tables["user_tokens"]
    assert {*token} == {"created_at", "in_lake"}  # not the digest of the secret
    product.erase(user.user_id, token=user.token)
    with pytest.raises(UserErasedError):
        product.export(user.user_id, token=user.token)


@pytest.mark.usefixtures("published_shop")
def test_an_export_needs_the_same_right_as_an_erasure(product: Client, operator: Client) -> None:
    user, other = product.create_user(), product.create_user()

    for token in (None, "wrong", other.token):
        with pytest.raises(ScopeMissingError, match="no token of this user"):
            product.export(user.user_id, token=token)
    export = operator.export("u")

    assert [row["item_ids"] for row in export.tables["recommendations"]] == [["a", "b"]]
    assert [row["item_ids"] for row in export.tables["profiles"]] == [["c", "d"]]
    operator.erase("u")
    with pytest.raises(UserErasedError):
        operator.export("u")


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Exports never end; their files are in the list."""
    files: list[IO[bytes]] = []

    def export(_connection: Connection, _user_id: str) -> IO[bytes]:
        files.append(TemporaryFile())  # noqa: SIM115 # the API closes it
        return files[-1]

    monkeypatch.setattr(exports, "export", export)
    monkeypatch.setattr(exports, "chunks", lambda _file: repeat(b"x" * 65_536))
    return files


def wait_until_closed(files: list[IO[bytes]]) -> None:
    wait_until(lambda: all(file.closed for file in files), "closed files", timeout=10, pause=0.05)


@pytest.mark.usefixtures("published_shop")
def test_one_export_of_a_user_is_sent_at_a_time_and_its_file_is_closed(
    maintainer_http: httpx2.Client, owner: Engine, endless: list[IO[bytes]]
) -> None:
    path = f"/v1/{schema_of(owner)}/users/u/export"
    with begun(maintainer_http, path):
        with maintainer_http.stream("GET", path) as refused:
            assert refused.status_code == 503
        assert not endless[0].closed

    wait_until_closed(endless)  # the client left
    with begun(maintainer_http, path):
        assert len(endless) == 2
    wait_until_closed(endless)


@pytest.mark.usefixtures("published_shop")
def test_few_exports_are_sent_to_a_key_at_a_time_and_other_keys_get_theirs(
    api_url: str, maintainer_http: httpx2.Client, owner: Engine, endless: list[IO[bytes]]
) -> None:
    users = f"/v1/{schema_of(owner)}/users"
    with ExitStack() as clients:
        for n in range(8):
            clients.enter_context(begun(maintainer_http, f"{users}/{n}/export"))
        with maintainer_http.stream("GET", f"{users}/u/export") as refused:
            assert refused.status_code == 503
        other = clients.enter_context(keyed(api_url, owner, "other", "operate"))
        clients.enter_context(begun(other, f"{users}/u/export"))

    wait_until_closed(endless)


@pytest.mark.usefixtures("published_shop")
def test_an_export_that_is_written_for_long_holds_up_no_list_and_no_other_key(
    api_url: str,
    product: Client,
    maintainer_http: httpx2.Client,
    owner: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = f"/v1/{schema_of(owner)}/users"
    write, begins, ends = exports.export, Event(), Event()

    def slow(connection: Connection, user_id: str) -> IO[bytes]:
        if user_id == "u":
            begins.set()
            assert ends.wait(20)
        return write(connection, user_id)

    monkeypatch.setattr(exports, "export", slow)
    monkeypatch.setattr(rate_limit, "TURN_SECONDS", 0.05)
    with ThreadPoolExecutor() as threads:
        written = threads.submit(maintainer_http.get, f"{users}/u/export")
        assert begins.wait(10)
        same_key = maintainer_http.get(f"{users}/v/export")
        with keyed(api_url, owner, "other", "operate") as other:
            other_key = other.get(f"{users}/v/export")
        product.recommendations("v")
        ends.set()

    assert "being written" in same_key.json()["detail"]
    assert (written.result().status_code, other_key.status_code) == (200, 200)


@pytest.mark.usefixtures("published_shop")
def test_an_export_that_takes_too_long_is_cut_off(
    maintainer_http: httpx2.Client,
    owner: Engine,
    endless: list[IO[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sent_exports, "EXPORT_SECONDS", 0.2)

    with begun(maintainer_http, f"/v1/{schema_of(owner)}/users/u/export") as client:
        deadline = time.monotonic() + 10
        while client.recv(1 << 20):
            assert time.monotonic() < deadline
    wait_until_closed(endless)


def test_an_operator_erases_users_and_sees_how_far_it_has_come(
    connected: Connected, publisher: Engine, owner: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    ada = connected(ADA)

    receipts = ada.erase_users(["v", "u", "v"])

    assert [receipt.user_id for receipt in receipts] == ["u", "v"]
    assert shop.rows(owner, "select user_id from recommendations") == []
    states = ada.erasures()
    assert [(state.requested_by, state.erased_at) for state in states] == [("ada", None)] * 2
    assert len({state.digest for state in states}) == 2
    [of_user] = ada.erasures(user_id="u")
    assert of_user in states
    assert ada.erasures(user_id="nobody") == []
    assert len(ada.erasures(limit=1)) == 1
    with pytest.raises(RequestRefusedError):
        ada.erase_users([])


def test_an_operator_erases_a_thousand_users_with_one_request(
    connected: Connected, owner: Engine
) -> None:
    user_ids = [f"{n:04}" + "u" * 100 for n in range(1000)]
    receipts = connected(ADA).erase_users(user_ids)

    assert [receipt.user_id for receipt in receipts] == user_ids
    found = shop.rows(owner, "select count(distinct digest) from erasures")
    assert found == shop.rows(owner, "select count(*) from audit") == [(1000,)]
    with pytest.raises(RequestRefusedError):
        connected(ADA).erase_users([*user_ids, "one more"])


def test_a_viewer_erases_nobody(connected: Connected, publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    vera = connected(VERA)

    for refused in (lambda: vera.erase_users(["u"]), vera.erasures):
        with pytest.raises(ScopeMissingError, match="not an operator"):
            refused()

    assert len(shop.rows(owner, "select user_id from recommendations")) == 2
