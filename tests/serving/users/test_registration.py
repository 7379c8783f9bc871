"""Products create users with ids and tokens of their own choice."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.client import Client
from serving.errors import RequestRefusedError, UserErasedError, UserExistsError
from serving.rules import window_lists
from serving.users import erasures
from tests.serving.users.test_erasures import WINDOW, verdict
from tests.support.serving import shop
from tests.support.serving.shop import rows

USER, TOKEN, OTHER_TOKEN = "n-" + "a" * 16, "t" * 32, "x" * 32


def test_a_registration_can_be_repeated_with_its_token_only(product: Client, owner: Engine) -> None:
    for _ in range(2):
        assert product.register(USER, TOKEN).user_id == USER
    with pytest.raises(UserExistsError, match="the token is not theirs"):
        product.register(USER, OTHER_TOKEN)

    assert rows(owner, "select user_id from user_tokens") == [(USER,)]
    assert product.erase(USER, token=TOKEN).n_events == 0
    for token in (TOKEN, OTHER_TOKEN):
        with pytest.raises(UserErasedError):
            product.register(USER, token)
    assert rows(owner, "select * from user_tokens") == []


@pytest.mark.parametrize("user_id", ["42", "n-short", f"N{USER[1:]}", f"{USER}\n", f"n-{'a' * 65}"])
def test_ids_of_another_form_are_refused(product: Client, owner: Engine, user_id: str) -> None:
    with pytest.raises(RequestRefusedError):
        product.register(user_id, TOKEN)

    assert rows(owner, "select * from user_tokens") == []


# A visitor sees lists before they register: rows of `shown_lists` do not take their id.
@pytest.mark.parametrize(
    "table", [t for t in erasures.USER_TABLES if t not in {"user_tokens", "shown_lists"}]
)
def test_an_id_with_rows_gets_no_token(
    publisher: Engine, owner: Engine, product: Client, table: str
) -> None:
    shop.release(publisher, "one", instead_of=None)
    if table in {"outbox", "feedback"}:
        product.hide("u", "a")
    product.put_attributes("u", {"age": "old"})
    with Session(owner) as session, session.begin():
        window_lists.replace(session, verdict(), [WINDOW])
        session.execute(text(f"update {table} set user_id = '{USER}' where user_id = 'u'"))  # noqa: S608 # our names
    [(n_rows,)] = rows(owner, f"select count(*) from {table} where user_id = '{USER}'")  # noqa: S608 # our names
    assert n_rows

    with pytest.raises(UserExistsError):
        product.register(USER, TOKEN)

    assert rows(owner, "select * from user_tokens") == []
