from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from serving.storage import arrays


@pytest.fixture
def connection(session: Session) -> Connection:
    return session.connection()


def sent(connection: Connection, values: list[object], kind: str) -> memoryview:
    statement = text(f"select array_send(cast(:values as {kind}[]))")
    array: memoryview = connection.scalar(statement, {"values": values})
    return array


def test_reals_are_decoded_exactly(connection: Connection) -> None:
    values = [0.5, -1.25, float("inf"), 3.4e38]

    decoded = arrays.reals(sent(connection, [*values], "real"))

    np.testing.assert_array_equal(decoded, np.array(values, np.float32))
    assert arrays.reals(sent(connection, [], "real")).shape == (0,)


def test_times_are_decoded_to_the_microsecond_even_before_2000(
    connection: Connection,
) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    micros = [-1, 0, 946_684_800_000_000, 1_767_614_400_000_001]

    times = [epoch + timedelta(microseconds=n) for n in micros]

    assert arrays.micros(sent(connection, [*times], "timestamptz")).tolist() == micros
    assert arrays.micros(sent(connection, [], "timestamptz")).shape == (0,)


def test_a_matrix_has_a_row_for_each_array(connection: Connection) -> None:
    rows = [sent(connection, [1.0, 2.0], "real"), sent(connection, [3.0, 4.0], "real")]

    assert arrays.matrix(rows).tolist() == [[1, 2], [3, 4]]
    assert arrays.matrix([sent(connection, [], "real")] * 3).shape == (3, 0)
    assert arrays.matrix([]).shape == (0, 0)
    with pytest.raises(ValueError, match="reshape"):
        arrays.matrix([*rows, sent(connection, [1.0], "real")])
