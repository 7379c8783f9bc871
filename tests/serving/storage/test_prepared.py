import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, OperationalError

from serving.storage.prepared import Prepared

END = "select pg_terminate_backend(pg_backend_pid()) as ended where :sure"


def test_a_parameter_whose_name_starts_with_another_name_is_kept_apart() -> None:
    statement = Prepared(
        "pick", {"item": "text", "item_id": "text"}, "select :item_id, :item, :item_id::text"
    )

    assert statement.prepare_sql == "prepare pick(text, text) as select $2, $1, $2::text"


def test_a_parameter_without_a_type_is_an_error() -> None:
    with pytest.raises(KeyError, match="items"):
        _ = Prepared("pick", {"item": "text"}, "select :items").prepare_sql


def test_a_statement_is_prepared_once_in_each_connection(owner: Engine) -> None:
    add = Prepared("add", {"a": "int", "ab": "int"}, "select :ab - :a")

    with owner.connect() as connection:
        assert [add.execute(connection, a=a, ab=10).scalar() for a in (1, 2)] == [9, 8]
        names = connection.exec_driver_sql("select name from pg_prepared_statements")
        assert names.scalars().all() == ["add"]


def test_a_read_row_has_the_names_of_its_columns_and_may_be_missing(owner: Engine) -> None:
    read = Prepared("read", {"a": "int"}, "select :a as a, :a + 1 as b where :a > 0")
    other = Prepared("other", {"a": "int"}, "select :a as b")

    with owner.connect() as connection:
        assert [read.read_row(connection, a=a) for a in (1, 0)] == [(1, 2), None]
        assert (read.read_row(connection, a=2).b, other.read_row(connection, a=9).b) == (3, 9)
        assert read.execute(connection, a=5).one() == (5, 6)


def test_an_error_of_a_read_row_is_one_of_sqlalchemy(owner: Engine) -> None:
    divide = Prepared("divide", {"a": "int"}, "select 1 / :a as result")

    with owner.connect() as connection:
        with pytest.raises(DataError, match="division by zero") as caught:
            divide.read_row(connection, a=0)
        assert not caught.value.connection_invalidated
        connection.rollback()
        assert divide.read_row(connection, a=1).result == 1


def test_a_connection_that_is_lost_during_a_read_is_not_used_again(owner: Engine) -> None:
    end = Prepared("leave", {"sure": "bool"}, END)

    with owner.connect() as connection:
        with pytest.raises(OperationalError) as caught:
            end.read_row(connection, sure=True)
        assert caught.value.connection_invalidated
        assert connection.invalidated
    with owner.connect() as connection:
        assert Prepared("one", {"n": "int"}, "select :n as n").read_row(connection, n=1).n == 1
