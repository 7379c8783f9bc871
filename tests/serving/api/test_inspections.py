"""Inspections through the API: who may look, and what the audit says about it."""

from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import Engine, text

from serving.acts.views import MAX_USERS
from serving.client import Client
from serving.errors import (
    KeyRefusedError,
    NoReleaseError,
    ScopeMissingError,
    TooManyRequestsError,
    UserErasedError,
)
from serving.operator_client import OperatorClient
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, PIA, VERA, VIC
from tests.support.serving.api_server import Connected

pytestmark = pytest.mark.usefixtures("published_shop")


def looked(owner: Engine) -> list[tuple[object, ...]]:
    """Return actor, target and way of each entry about a view, oldest first."""
    return shop.rows(
        owner,
        "select actor, target, after ->> 'through' from audit where action = 'inspect_user'"
        " order by audit_id",
    )


def test_operators_and_viewers_look_and_nobody_else(
    connected: Connected, product_http: httpx2.Client
) -> None:
    for token in (ADA, VERA):
        client = connected(token)
        assert client.inspect_user("u").status == "known"
        assert client.inspect_item_for_user("u", "a").status == "listed"
        assert client.inspect_item("a").lists.n == 1
    assert [holder.user_id for holder in connected(ADA).inspect_item("a").best_ranked] == ["u"]
    assert connected(VERA).inspect_item("a").best_ranked == ()

    assert [user.user_id for user in connected(ADA).find_users("u")] == ["u"]
    vera = connected(VERA)
    for refused in (lambda: vera.find_users("u"), lambda: vera.record_view("u")):
        with pytest.raises(ScopeMissingError, match="'vera' is not an operator"):
            refused()
    key = product_http.headers["Authorization"].removeprefix("Bearer ")
    for token, refusal in ((PIA, ScopeMissingError), (key, KeyRefusedError)):
        for request in requests(connected(token)):
            with pytest.raises(refusal):
                request()


def test_a_viewer_looks_at_users_of_their_data_sets_only(
    connected: Connected, owner: Engine
) -> None:
    for request in requests(connected(VIC))[:3]:
        with pytest.raises(ScopeMissingError, match="'vic' may not read the DAGs of the data set"):
            request()
    assert looked(owner) == []


def requests(client: OperatorClient) -> list[Callable[[], object]]:
    return [
        lambda: client.inspect_user("u"),
        lambda: client.inspect_item_for_user("u", "a"),
        lambda: client.inspect_item("a"),
        lambda: client.find_users("u"),
        lambda: client.record_view("u"),
    ]


def test_who_looked_at_whom_is_audited_once_an_hour_without_the_id(
    connected: Connected, owner: Engine
) -> None:
    ada = connected(ADA)
    for user_id in ("user-17", "user-17", "u"):
        ada.inspect_user(user_id)
    ada.inspect_item_for_user("u", "a")
    connected(VERA).inspect_item_for_user("u", "a")

    entries = looked(owner)
    assert [(actor, through) for actor, _, through in entries] == [
        ("ada", "inspector"),
        ("ada", "inspector"),
        ("vera", "inspector"),
    ]
    assert entries[0][1] != entries[1][1] == entries[2][1]
    assert "user-17" not in str(entries)

    with owner.begin() as connection:
        older = text("update audit set acted_at = acted_at - interval '61 minutes'")
        connection.execute(older)
    connected(ADA).inspect_user("u")
    assert len(looked(owner)) == 4
    entry = connected(ADA).audit(action="inspect_user", limit=1).entries[0]
    assert (entry.actor, entry.outcome, entry.after) == ("ada", "done", {"through": "inspector"})


def test_an_account_looks_at_a_limited_number_of_users_an_hour(
    connected: Connected, owner: Engine
) -> None:
    """Ids can be invented: else a viewer could fill the audit, or walk through all users."""
    vera = connected(VERA)
    vera.inspect_user("u")
    looks = text(
        "insert into audit (actor, action, target, reason, outcome, acted_at)"
        " select 'vera', 'inspect_user', 'user ' || n, '', 'done', now() - interval '59 minutes'"
        " from generate_series(2, :n) as n"
    )
    with owner.begin() as connection:
        connection.execute(looks, {"n": MAX_USERS})

    with pytest.raises(TooManyRequestsError, match="'vera' has looked at 600 users") as refused:
        vera.inspect_user("invented")

    assert 0 < (refused.value.retry_after or 0) <= 60
    assert len(looked(owner)) == MAX_USERS
    assert vera.inspect_user("u").status == "known"  # it was recorded before
    connected(ADA).inspect_user("invented")


def test_seeing_the_product_as_a_user_has_an_entry_of_its_own(
    connected: Connected, owner: Engine
) -> None:
    ada = connected(ADA)
    ada.inspect_user("u")

    assert [ada.record_view("u").is_new for _ in range(2)] == [True, False]

    assert [through for _, _, through in looked(owner)] == ["inspector", "view as"]
    assert looked(owner)[0][1] == looked(owner)[1][1]


def test_an_erased_user_is_not_shown(connected: Connected, product: Client) -> None:
    user_id = product.create_user().user_id
    product.rate(user_id, "a", 7)
    ada = connected(ADA)
    assert [event.item_id for event in ada.inspect_user(user_id).events] == ["a"]
    ada.erase_users([user_id], reason="request 17")

    erased = ada.inspect_user(user_id)

    assert (erased.status, erased.events, erased.items) == ("erased", (), ())
    assert ada.find_users(user_id) == []
    with pytest.raises(UserErasedError):
        ada.inspect_item_for_user(user_id, "a")


def test_without_a_release_nothing_is_recorded(connected: Connected, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("delete from live_release"))

    with pytest.raises(NoReleaseError):
        connected(ADA).inspect_user("u")

    assert looked(owner) == []
