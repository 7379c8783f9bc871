import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from serving.schemas import Erasure
from serving.users import accounts, erasures, feedback
from serving.users.feedback import Event
from tests.conftest import schema_of
from tests.support.serving import shop

TRACES = """
    select 'recommendations' from recommendations where user_id = 'u'
    union all select 'profiles' from profiles where user_id = 'u'
    union all select 'feedback' from feedback where user_id = 'u'
    union all select 'outbox' from outbox where user_id = 'u'
    union all select 'token' from user_tokens where user_id = 'u'
"""


def test_a_new_user_has_a_unique_id_and_a_token_that_is_not_stored(owner: Engine) -> None:
    with owner.begin() as connection:
        user, other = accounts.create(connection), accounts.create(connection)

    assert re.fullmatch("n-[a-z2-7]{16}", user.user_id)
    assert user.user_id != other.user_id
    with owner.begin() as connection:
        assert accounts.owns(connection, user.user_id, user.token)
        assert not accounts.owns(connection, user.user_id, other.token)
        assert not accounts.owns(connection, other.user_id, user.token)
        assert not accounts.owns(connection, "nobody", user.token)
    assert user.token not in str(shop.rows(owner, "select * from user_tokens"))


def test_an_erasure_deletes_the_users_data_and_no_other_users(
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
        erasure = accounts.erase(connection, "u", requested_by="test")

    assert (erasure.user_id, erasure.n_events) == ("u", 2)
    assert shop.rows(owner, TRACES) == []
    digest = hashlib.sha256(f"{schema_of(owner)}/u".encode()).hexdigest()
    listed = [(digest, "test", None, None)]
    columns = "digest, requested_by, erased_at, purged_at"
    assert shop.rows(owner, f"select {columns} from erasures") == listed  # noqa: S608 # our names
    assert len(shop.rows(owner, TRACES.replace("'u'", "'v'"))) == 8


def test_no_writer_waits_while_an_erasure_deletes_the_lists_of_a_user(owner: Engine) -> None:
    columns = "list_id, kind, user_id, release_id, item_ids, shown_at"
    one_list = "values ('1', 'batch', 'u', 1, '{a}', now())"
    with owner.begin() as connection:
        connection.execute(text(f"insert into shown_lists ({columns}) {one_list}"))

    def erase() -> Erasure:
        with owner.begin() as connection:
            connection.execute(text("set local statement_timeout = '100ms'"))
            return accounts.erase(connection, "u", requested_by="test")

    with ThreadPoolExecutor(1) as thread:
        with owner.begin() as other:
            other.execute(text("select from shown_lists for update"))  # as if there were millions
            erasing = thread.submit(erase)
            time.sleep(1)
            with owner.begin() as writer:
                writer.execute(text("set local lock_timeout = '100ms'"))
                erasures.hold_up_for_batch(writer)

        assert erasing.result(timeout=60).user_id == "u"
    assert shop.rows(owner, "select from shown_lists") == []


def test_a_second_erasure_keeps_the_date_of_the_first(owner: Engine) -> None:
    with owner.begin() as connection:
        first = accounts.erase(connection, "nobody", requested_by="one")
    with owner.begin() as connection:
        second = accounts.erase(connection, "nobody", requested_by="two")

    assert first == second
    assert shop.rows(owner, "select requested_by from erasures") == [("one",)]
