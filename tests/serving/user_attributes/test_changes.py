"""A product sets the attributes of users, singly and up to 1,000 at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, text

from serving import errors
from serving.client import Client
from serving.schemas import UserChange
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from serving.users import accounts
from tests.conftest import schema_of
from tests.serving.users.test_erasures import waits
from tests.support.serving import live_shop, shop
from tests.support.serving.api_server import limited
from tests.support.serving.problems import problem
from tests.support.serving.shop import rows

OLD = {"age": "old", "sex": "F"}


@pytest.fixture(autouse=True)
def released(publisher: Engine) -> int:
    """A release whose manifest declares the attributes sex and age of users."""
    return shop.release(publisher, "one", instead_of=None)


def stored(owner: Engine) -> dict[object, object]:
    with owner.connect() as connection:
        kept = connection.execute(text("select user_id, attributes from user_attributes"))
        return {row.user_id: row.attributes for row in kept}


def erase(owner: Engine, user_id: str) -> None:
    with owner.begin() as connection:
        accounts.erase(connection, user_id, requested_by="test")


def test_attributes_are_stored_and_form_the_segment_in_the_order_of_the_manifest(
    product: Client, owner: Engine
) -> None:
    receipt = product.put_attributes("u", {"sex": " F ", "age": "old"})

    assert (receipt.user_id, receipt.segment) == ("u", "sex=F,age=old")
    assert stored(owner) == {"u": OLD}
    [(changed_at, sent_by)] = rows(owner, "select changed_at, sent_by from user_attributes")
    assert (changed_at, sent_by) == (receipt.changed_at, "product")


@pytest.mark.parametrize("sent", [{}, {"age": "old"}, {"age": "old", "sex": None}])
def test_without_one_of_the_attributes_a_user_has_no_segment(
    product: Client, owner: Engine, sent: dict[str, str | None]
) -> None:
    product.put_attributes("u", OLD)

    assert product.put_attributes("u", sent).segment == ""
    assert stored(owner) == {"u": {name: value for name, value in sent.items() if value}}


def test_a_repeated_request_has_a_later_time(product: Client, owner: Engine) -> None:
    future = "update user_attributes set changed_at = now() + interval '1 day'"
    product.put_attributes("u", OLD)
    with owner.begin() as connection:
        connection.execute(text(future))
    [(before,)] = rows(owner, "select changed_at from user_attributes")

    again = product.put_attributes("u", OLD)

    assert str(again.changed_at) > str(before)  # also if the clock was put back


@pytest.mark.parametrize(
    ("sent", "code", "detail"),
    [
        ({"height": "tall"}, "unknown-attribute", "'height'; declared: sex, age."),
        ({"age": 41}, "request-refused", "body.attributes.age"),
        ({"age": ["old"]}, "request-refused", "body.attributes.age"),
        ({"age": " \x1c"}, "request-refused", "body.attributes.age"),
        ({"age": "a\0"}, "request-refused", "body.attributes.age"),
        ({"age": "x" * 201}, "request-refused", "body.attributes.age"),
    ],
)
def test_an_unknown_name_and_a_wrong_value_are_refused_by_name(
    product_http: httpx2.Client, owner: Engine, sent: dict[str, Any], code: str, detail: str
) -> None:
    path = f"/v1/{schema_of(owner)}/users/u/attributes"

    refused = problem(product_http.put(path, json={"attributes": sent}))

    assert (refused.status, refused.code) == (422, code)
    assert detail in refused.detail
    assert stored(owner) == {}


def test_in_a_batch_a_bad_change_stops_no_good_one(
    product_http: httpx2.Client, owner: Engine
) -> None:
    erase(owner, "gone")
    sent = [
        {"user_id": "v", "attributes": OLD},
        {"user_id": "x", "attributes": {"height": "tall"}},
        {"user_id": "y", "attributes": {"age": 4}},
        {"user_id": "gone", "attributes": OLD},
        {"user_id": 7, "attributes": OLD},
        7,
        {"user_id": "u", "attributes": {"age": "young"}},
        {"user_id": "v", "attributes": OLD | {"age": "young"}},
    ]
    path = f"/v1/{schema_of(owner)}/user-attributes"

    answer = product_http.post(path, json={"users": sent}).json()

    codes = [(of["user_id"], of["status"], of["code"]) for of in answer["users"]]
    assert codes == [
        ("v", "accepted", None),
        ("x", "refused", "unknown-attribute"),
        ("y", "refused", "request-refused"),
        ("gone", "refused", "user-erased"),
        (None, "refused", "request-refused"),
        (None, "refused", "request-refused"),
        ("u", "accepted", None),
        ("v", "accepted", None),
    ]
    assert answer["n_refused"] == 5
    assert stored(owner) == {"u": {"age": "young"}, "v": OLD | {"age": "young"}}
    assert "attributes.age: " in answer["users"][2]["detail"]


def test_a_thousand_users_are_changed_at_once_and_no_more(product: Client, owner: Engine) -> None:
    sent = [UserChange(user_id=f"u{n}", attributes=OLD) for n in range(1001)]

    outcomes = product.change_attributes(sent[:1000])

    assert (outcomes.n_refused, len(outcomes.users)) == (0, 1000)
    assert {of.segment for of in outcomes.users} == {"sex=F,age=old"}
    assert len(stored(owner)) == 1000
    with pytest.raises(errors.RequestRefusedError, match="at most 1,000"):
        product.change_attributes(sent)


def test_attributes_of_an_erased_user_are_refused(product: Client, owner: Engine) -> None:
    product.put_attributes("u", OLD)
    erase(owner, "u")

    with pytest.raises(errors.UserErasedError):
        product.put_attributes("u", OLD)
    assert stored(owner) == {}


def test_a_change_waits_for_an_erasure_and_is_refused(owner: Engine, api: Engine) -> None:
    def change() -> None:
        with api.begin() as connection:
            changes.apply(connection, Change("u", OLD), sent_by="test")

    with ThreadPoolExecutor(1) as threads:
        with owner.begin() as connection:
            accounts.erase(connection, "u", requested_by="test")
            changing = threads.submit(change)
            waits(owner, changing)
        with pytest.raises(errors.UserErasedError):
            changing.result()
    assert stored(owner) == {}


def test_the_export_of_a_user_has_the_attributes(product: Client) -> None:
    token = "t" * 32
    product.register(user_id := "n-" + "a" * 16, token)
    receipt = product.put_attributes(user_id, OLD)

    [row] = product.export(user_id, token=token).tables["user_attributes"]

    assert row["attributes"] == OLD
    assert datetime.fromisoformat(str(row["changed_at"])) == receipt.changed_at


def test_an_id_with_attributes_gets_no_token(product: Client) -> None:
    product.put_attributes(user_id := "n-" + "a" * 16, OLD)

    with pytest.raises(errors.UserExistsError):
        product.register(user_id, "t" * 32)


def test_a_key_without_the_scope_may_not_change_attributes(client: Client) -> None:
    with pytest.raises(errors.ScopeMissingError):
        client.put_attributes("u", OLD)
    with pytest.raises(errors.ScopeMissingError):
        client.change_attributes([UserChange(user_id="u", attributes=OLD)])


def test_before_the_first_release_no_attribute_is_known(product: Client, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("delete from about"))

    with pytest.raises(errors.NoReleaseError):
        product.put_attributes("u", OLD)


def test_the_names_are_those_of_the_newest_release(
    product: Client, publisher: Engine, released: int
) -> None:
    product.put_attributes("u", OLD)
    names = {"user_attributes": ["sex"]}
    live_shop.release(publisher, "two", instead_of=released, about=names)

    assert product.put_attributes("v", {"sex": "F"}).segment == "sex=F"
    with pytest.raises(errors.UnknownAttributeError, match="declared: sex"):
        product.put_attributes("v", OLD)


def test_a_key_changes_so_many_users_a_day(
    committing: str, product_http: httpx2.Client, owner: Engine
) -> None:
    with limited(owner, committing, product_http.headers, attribute_changes_per_day=3) as client:
        client.put_attributes("u", OLD)
        sent = [UserChange(user_id="x", attributes={"height": "tall"})]
        sent += [UserChange(user_id=user_id, attributes=OLD) for user_id in "vwx"]
        outcomes = client.change_attributes(sent).users
        codes = ["unknown-attribute", None, None, "quota-exceeded"]
        assert [outcome.code for outcome in outcomes] == codes
        with pytest.raises(errors.QuotaExceededError, match="its 3 changes of users' attr"):
            client.put_attributes("u", OLD)
    assert stored(owner).keys() == {*"uvw"}
