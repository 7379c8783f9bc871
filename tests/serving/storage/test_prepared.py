import pytest
from sqlalchemy import Engine

from serving.storage.prepared import Prepared


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
