import re

from sqlalchemy import Engine

from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.support.serving import shop

TRACES = """
    select 'recommendations' from recommendations where user_id = 'u'
    union all select 'profiles' from profiles where user_id = 'u'
    union all select 'feedback' from feedback where user_id = 'u'
    union all select 'outbox' from outbox where user_id = 'u'
    union all select 'token' from user_tokens where user_id = 'u'
"""


def test_somebody_new_has_an_id_of_his_own_and_a_token_that_is_not_stored(owner: Engine) -> None:
    with owner.begin() as connection:
        one, other = accounts.create(connection), accounts.create(connection)

    assert re.fullmatch("n-[a-z2-7]{16}", one.user_id)
    assert one.user_id != other.user_id
    with owner.begin() as connection:
        assert accounts.owns(connection, one.user_id, one.token)
        assert not accounts.owns(connection, one.user_id, other.token)
        assert not accounts.owns(connection, other.user_id, one.token)
        assert not accounts.owns(connection, "nobody", one.token)
    assert one.token not in str(shop.rows(owner, "select * from user_tokens"))


def test_all_that_is_known_of_somebody_forgotten_is_gone_and_others_stay(
    publisher: Engine, owner: Engine
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    shop.release(publisher, "two", instead_of=first)
    with owner.begin() as connection:
        for user_id in ("u", "v"):
            for item_id in ("a", "b"):
                feedback.accept(connection, Event("hide", user_id, item_id), sent_by="test")
    assert len(shop.rows(owner, TRACES)) == 8

    with owner.begin() as connection:
        forgotten = accounts.erase(connection, "u", requested_by="test")

    assert (forgotten.user_id, forgotten.n_events) == ("u", 2)
    assert shop.rows(owner, TRACES) == []
    assert shop.rows(owner, "select user_id, requested_by from erasures") == [("u", "test")]
    assert len(shop.rows(owner, TRACES.replace("'u'", "'v'"))) == 8


def test_a_second_wish_keeps_the_first_ones_date(owner: Engine) -> None:
    with owner.begin() as connection:
        first = accounts.erase(connection, "nobody", requested_by="one")
    with owner.begin() as connection:
        second = accounts.erase(connection, "nobody", requested_by="two")

    assert first == second
    assert shop.rows(owner, "select requested_by from erasures") == [("one",)]
